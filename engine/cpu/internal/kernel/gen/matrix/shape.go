package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Sizes in bytes, but for lanes.
const (
	floatSize  = 4
	offsetSize = 4                 // an int32 in a table of offsets
	lanes      = 8                 // floats in a vector
	vecSize    = lanes * floatSize // a vector
)

// shape is the form of a register tile.
type shape struct {
	rows  int // rows of the tile
	short int // rows of the smaller tile for the last few rows
	vecs  int // vectors in a row
	quads int // quads of A in a turn of the inner loop, see loadQuad
}

// Both tiles have 12 accumulators. The short ones have 8: fewer chains would be
// no faster, as a multiply-add takes 4 cycles and two can start in each.
//
// Two vectors can be loaded in a cycle, as many as can be multiplied. The narrow
// tile, with 13 loads for its 12 multiply-adds, would be held up by them (at 77 %
// of the peak; it is 93 % with quads). The wide one has only 8.
var (
	wide   = shape{rows: 6, short: 4, vecs: 2}
	narrow = shape{rows: 12, short: 8, vecs: 1, quads: 2}
)

// cols is the number of columns of the tile.
func (s shape) cols() int { return s.vecs * lanes }

// rowSize is the size of a row of the tile in bytes.
func (s shape) rowSize() int { return s.vecs * vecSize }

// accumulators are the registers of a tile, by row and vector.
type accumulators [][]reg.VecVirtual

// accumulators allocates the registers of a tile.
func (s shape) accumulators() accumulators {
	acc := make(accumulators, s.rows)
	for r := range acc {
		acc[r] = make([]reg.VecVirtual, s.vecs)
		for v := range acc[r] {
			acc[r][v] = YMM()
		}
	}
	return acc
}

// addTerm emits one term of all the sums of a tile, acc[r][v] += a(r)·b(v), where
// a emits what fills x with the float of row r, and b is the place of a vector.
func (acc accumulators) addTerm(a func(r int, x reg.VecVirtual), b func(v int) Mem) {
	bs := make([]reg.VecVirtual, len(acc[0]))
	for v := range bs {
		bs[v] = YMM()
		VMOVUPS(b(v), bs[v])
	}
	for r := range acc {
		x := YMM()
		a(r, x)
		for v := range bs {
			VFMADD231PS(bs[v], x, acc[r][v])
		}
	}
}

// quadSize is the number of floats in a quad.
const quadSize = 4

// loadQuad loads four floats into a new register, for pick. It takes one load and
// four shuffles where four broadcasts would take four loads.
func loadQuad(m Mem) reg.VecVirtual {
	quad := YMM()
	VBROADCASTF128(m, quad)
	return quad
}

// pick fills x with float i of a quad.
func pick(i int, quad, x reg.VecVirtual) {
	VPERMILPS(Imm(uint64(i*0b01_01_01_01)), quad, x)
}

// load loads a field of the struct that the kernel's parameter args points to into
// a new register. The pointer is fetched again each time, so that it takes up no
// register in the inner loops.
func load(field string) reg.GPVirtual {
	x := GP64()
	Load(Dereference(Param("args")).Field(field), x)
	return x
}

// names counts the labels made by uniqueLabel.
var names int

// uniqueLabel returns a label that nothing else has.
func uniqueLabel(name string) string {
	names++
	return name + strconv.Itoa(names)
}

// skip emits body so that it does not run if the conditional jump is taken.
func skip(jump func(target Op), body func()) {
	label := uniqueLabel("skip")
	jump(LabelRef(label))
	body()
	Label(label)
}
