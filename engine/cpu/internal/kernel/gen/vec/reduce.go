package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func sumKernel() {
	function("sumSIMD", "(x *float32, n int) float32")
	sum := zeros(4)
	overBlocks(param("x"), newRow(param("n")), len(sum), func(i int, v vec) { VADDPS(v, sum[i], sum[i]) })
	Store(fold(VADDPS, addUp(sum)).AsX(), ReturnIndex(0))
	finish()
}

// overBlocks calls body for the vectors of a row, numbering them modulo count.
func overBlocks(x gp, r *row, count int, body func(i int, v vec)) {
	block := U8(count * lanes)
	Label("block")
	SUBQ(block, r.n)
	JLT(LabelRef("block_done"))
	for i := range count {
		body(i, load(Mem{Base: x, Disp: i * lanes * floatSize}))
	}
	ADDQ(U8(count*lanes*floatSize), x)
	JMP(LabelRef("block"))
	Label("block_done")
	ADDQ(block, r.n)
	for i := range count {
		tail := fmt.Sprint("tail", i)
		CMPQ(r.n, U8(lanes))
		JLT(LabelRef(tail))
		body(i, load(Mem{Base: x}))
		ADDQ(U8(lanes*floatSize), x)
		SUBQ(U8(lanes), r.n)
		JMP(LabelRef(tail + "_done"))
		Label(tail)
		// What is left is less than a vector, at first or only after this one; the
		// mask is empty when nothing is.
		last := YMM()
		VMASKMOVPS(Mem{Base: x}, r.mask, last)
		body(i, last)
		JMP(LabelRef("end"))
		Label(tail + "_done")
	}
	Label("end")
}

// zeros returns count sums of 0.
func zeros(count int) []vec {
	sums := make([]vec, count)
	for i := range sums {
		sums[i] = zero()
	}
	return sums
}

// addUp leaves the sum of two or four vectors, s₀+s₁ or (s₀+s₁) + (s₂+s₃), in s₀.
func addUp(s []vec) vec {
	for apart := 1; apart < len(s); apart *= 2 {
		for i := 0; i < len(s); i += 2 * apart {
			VADDPS(s[i+apart], s[i], s[i])
		}
	}
	return s[0]
}

// A columnKernel adds something to each column of a matrix.
type columnKernel struct {
	name, signature string
	inputs          []string // matrices of the same shape
	channels        []string // vectors of one value a column
	distances       []string // parameters with the distance between rows, one an input
	outputs         []string // vectors that are added to
	vectors         int      // most vectors of columns at a time
	turn            int      // rows a turn: partial sums of a column
	// step adds one row's elements in to the sums, one a output.
	step func(sums []vec, in []Op, channel []vec)
}

// columnKernels emits the sums over the rows of a matrix.
func columnKernels() {
	columnKernel{
		name: "addRowsSIMD", signature: "(dst, x *float32, rows, n, ld int)",
		inputs: []string{"x"}, distances: []string{"ld"}, outputs: []string{"dst"}, vectors: 2, turn: 4,
		step: func(sums []vec, in []Op, _ []vec) { VADDPS(in[0], sums[0], sums[0]) },
	}.emit()
	columnKernel{
		name: "addDotsSIMD", signature: "(products, sums, dy, x, mean *float32, rows, n, ldDy, ldX int)",
		inputs: []string{"dy", "x"}, distances: []string{"ldDy", "ldX"}, channels: []string{"mean"}, outputs: []string{"products", "sums"}, vectors: 2, turn: 2,
		step: func(sums []vec, in []Op, mean []vec) {
			dy := load(in[0])
			d := minus(mean[0], in[1])
			VFNMADD231PS(d, dy, sums[0]) // −d = x − mean
			VADDPS(dy, sums[1], sums[1])
		},
	}.emit()
}

// emit writes the kernel: a loop over blocks of columns and, in it, one over the
// rows. The rows of a turn go to sums of their own.
func (k columnKernel) emit() {
	function(k.name, k.signature)
	inputs, channels, outputs := params(k.inputs...), params(k.channels...), params(k.outputs...)
	n, distances := param("n"), params(k.distances...)
	r := newRow(n)
	for _, d := range distances {
		SHLQ(U8(2), d)
	}
	all := append(append(append([]gp{}, inputs...), channels...), outputs...)
	overColumns(n, r, k.vectors, all, func(label string, vectors int, tail *row) {
		k.block(label, vectors, tail, inputs, channels, outputs, distances)
	})
	finish()
}

// overColumns emits a loop over blocks of columns of a matrix, of up to so many
// vectors, and moves the pointers on by a block after each. body gets the row with
// the last, masked, columns.
func overColumns(n gp, r *row, vectors int, pointers []gp, body func(label string, vectors int, tail *row)) {
	for ; vectors > 0; vectors-- {
		label, count := fmt.Sprint("columns", vectors), U8(vectors*lanes)
		Label(label)
		SUBQ(count, n)
		JLT(LabelRef(label + "_done"))
		body(label, vectors, nil)
		for _, p := range pointers {
			ADDQ(U8(vectors*lanes*floatSize), p)
		}
		JMP(LabelRef(label))
		Label(label + "_done")
		ADDQ(count, n)
	}
	TESTQ(r.rest, r.rest)
	JEQ(LabelRef("end"))
	body("tail", 1, r)
	Label("end")
}

// inTurns emits a loop over the rows of a block: step is called for each row of a
// turn, and for the rows that are left over.
func inTurns(label string, turn int, step func(r int)) {
	left := param("rows")
	SUBQ(U8(turn), left)
	JLT(LabelRef(label + "_rest"))
	Label(label + "_rows")
	for r := range turn {
		step(r)
	}
	SUBQ(U8(turn), left)
	JGE(LabelRef(label + "_rows"))
	Label(label + "_rest")
	ADDQ(U8(turn), left)
	for r := range turn - 1 {
		JEQ(LabelRef(label + "_sum"))
		step(r)
		DECQ(left)
	}
	Label(label + "_sum")
}

// block sums a block of columns; tail is the row if they are its last, masked, ones.
func (k columnKernel) block(label string, vectors int, tail *row, inputs, channels, outputs, distances []gp) {
	sums := make([][][]vec, vectors)
	channel := make([][]vec, vectors)
	origin := GP64()
	XORQ(origin, origin)
	place := func(v int) span { return span{label: label, at: origin, disp: v * lanes * floatSize, tail: tail} }
	for v := range vectors {
		for range outputs {
			sums[v] = append(sums[v], zeros(k.turn))
		}
		for _, p := range channels {
			channel[v] = append(channel[v], place(v).load(p))
		}
	}
	at := make([]gp, len(inputs))
	for i, p := range inputs {
		at[i] = GP64()
		MOVQ(p, at[i])
	}
	inTurns(label, k.turn, func(r int) {
		for v := range vectors {
			in := make([]Op, len(at))
			for i, p := range at {
				in[i] = place(v).operand(p)
			}
			var s []vec
			for o := range outputs {
				s = append(s, sums[v][o][r])
			}
			k.step(s, in, channel[v])
		}
		for i, p := range at {
			ADDQ(distances[i], p)
		}
	})
	for v := range vectors {
		for o, p := range outputs {
			total := addUp(sums[v][o])
			place(v).store(plus(total, place(v).operand(p)), p)
		}
	}
}

// momentsKernel emits MergeMoments for one block of rows: a pass for the mean of
// each column and, the block being in the first-level cache by then, a second for
// the squared deviations from it.
func momentsKernel() {
	const turn = 4
	function("mergeMomentsSIMD", "(mean, m2, x *float32, rows, n, ld int, inverse, share, weight float32)")
	mean, m2, x := param("mean"), param("m2"), param("x")
	n, ld := param("n"), param("ld")
	r := newRow(n)
	SHLQ(U8(2), ld)
	origin := GP64()
	XORQ(origin, origin)
	overColumns(n, r, 2, []gp{mean, m2, x}, func(label string, vectors int, tail *row) {
		place := func(v int) span { return span{label: label, at: origin, disp: v * lanes * floatSize, tail: tail} }
		total := func(pass string, add func(v int, sum vec, p gp)) []vec {
			var sums [][]vec
			for range vectors {
				sums = append(sums, zeros(turn))
			}
			p := GP64()
			MOVQ(x, p)
			inTurns(label+pass, turn, func(r int) {
				for v := range vectors {
					add(v, sums[v][r], p)
				}
				ADDQ(ld, p)
			})
			var totals []vec
			for v := range vectors {
				totals = append(totals, addUp(sums[v]))
			}
			return totals
		}
		means := total("_mean", func(v int, sum vec, p gp) { VADDPS(place(v).operand(p), sum, sum) })
		inverse := broadcast("inverse")
		for v := range means {
			VMULPS(inverse, means[v], means[v])
		}
		squares := total("_squares", func(v int, sum vec, p gp) {
			d := minus(means[v], place(v).operand(p))
			accumulate(sum, d, d)
		})
		share, weight := broadcast("share"), broadcast("weight")
		for v := range vectors {
			before := place(v).load(mean)
			d := minus(means[v], before)
			accumulate(before, d, share)
			place(v).store(before, mean)
			VADDPS(place(v).operand(m2), squares[v], squares[v])
			accumulate(squares[v], times(d, d), weight)
			place(v).store(squares[v], m2)
		}
	})
	finish()
}
