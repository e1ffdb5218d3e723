package main

import (
	"fmt"
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel/gen/linear"
	"github.com/strideml/stride/engine/cpu/internal/kernel/winograd/matrices"
)

// channelVectors is the number of vectors of channels that are transformed at a
// time.
const channelVectors = 2

// transform emits the kernel M·X·Mᵀ of m, which makes a to×to matrix of one of
// from×from: first M times each column of X, into the stack frame, then the rows of
// that times Mᵀ, to memory. Output transforms add the bias and apply ReLU.
func transform(prefix string, from, to int, m matrices.Matrix, output bool) {
	name := fmt.Sprintf("%s%dto%dSIMD", prefix, from, to)
	function(name, "(args *TransformArgs)")
	args := structure{argument("args"), "TransformArgs"}
	src, dst, left := args.field("Src"), args.field("Dst"), args.field("N")
	srcRow, srcCol, dstRow, dstCol := args.field("SrcRow"), args.field("SrcCol"), args.field("DstRow"), args.field("DstCol")
	for _, distance := range []gp{srcRow, srcCol, dstRow, dstCol} {
		times4(distance)
	}
	frame := local(from * to * channelVectors * vecSize)
	place := func(i, j, v int) mem {
		return mem{base: frame, disp: ((i*from+j)*channelVectors + v) * vecSize}
	}
	var bias gp
	if output {
		bias = args.field("Bias")
	}

	label("channels")
	column := copyOf(src)
	for j := range from {
		x, at := newChannels(from), copyOf(column)
		for i := range from {
			ins("FLDPQ", mem{base: at}, pair{x[0][i], x[1][i]})
			ins("ADD", srcRow, at)
		}
		for v := range x {
			linear.Multiply(arithmetic{}, m, x[v], func(i int, y vec) { ins("FMOVQ", y.scalar(), place(i, j, v)) })
		}
		ins("ADD", srcCol, column)
	}
	var shift [channelVectors]vec
	var floor vec
	if output {
		shift, floor = epilogue(args, bias)
	}
	row := copyOf(dst)
	for i := range to {
		x, at := newChannels(from), make([]gp, to)
		for j := range from {
			ins("FLDPQ", place(i, j, 0), pair{x[0][j], x[1][j]})
		}
		for j := range at {
			if j == 0 {
				at[j] = copyOf(row)
				continue
			}
			at[j] = newGP()
			ins("ADD", dstCol, at[j-1], at[j])
		}
		for v := range x {
			linear.Multiply(arithmetic{}, m, x[v], func(j int, y vec) {
				if output {
					y = greater(plus(y, shift[v]), floor) // a NaN stays
				}
				ins("FMOVQ", y.scalar(), mem{base: at[j], disp: v * vecSize})
			})
		}
		ins("ADD", dstRow, row)
	}
	ins("ADD", imm(channelVectors*vecSize), src)
	ins("ADD", imm(channelVectors*vecSize), dst)
	ins("SUBS", imm(channelVectors*lanes), left, left)
	jump("BGT", "channels")
	finish()
}

// newChannels returns registers for n elements of each vector of channels.
func newChannels(n int) (x [channelVectors][]vec) {
	for v := range x {
		for range n {
			x[v] = append(x[v], newVec())
		}
	}
	return x
}

// epilogue loads what is added to the results, and their least value: zero if ReLU
// is asked for. It moves bias on.
func epilogue(args structure, bias gp) (shift [channelVectors]vec, floor vec) {
	for v := range shift {
		shift[v] = zero()
	}
	floor = num(float32(math.Inf(-1))).all()
	skip("CBZ", []operand{bias}, func() {
		ins("FLDPQ.P", mem{base: bias, disp: channelVectors * vecSize}, pair{shift[0], shift[1]})
	})
	args.ifSet("ReLU", func() { clear(floor) })
	return shift, floor
}

// arithmetic is the linear.Machine of this program.
type arithmetic struct{}

func (arithmetic) Copy(x vec) vec                { return into(func(d vec) { move(x, d) }) }
func (arithmetic) Add(x, y vec) vec              { return plus(x, y) }
func (arithmetic) Sub(x, y vec) vec              { return minus(x, y) }
func (arithmetic) Scale(x vec, c float64) vec    { return timesBy(x, num(float32(c))) }
func (arithmetic) AddTo(y, x vec)                { lanewise(fadd, y, y, x) }
func (arithmetic) SubFrom(y, x vec)              { lanewise(fsub, y, y, x) }
func (arithmetic) AddScaled(y, x vec, c float64) { accumulateBy(y, x, num(float32(c))) }
