package main

import (
	"slices"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The AVX-512 forms of Tile and Outer have vectors of 16 floats: a panel of 16
// columns is one vector, and a register tile has up to 24 rows of one accumulator
// each. A multiply-add broadcasts its float of A by itself, straight from memory.
//
// Where a core works on 256 bits at a time, like a Zen 4, the peak is the same as
// with AVX2. What is gained is traffic: a vector of B, which often comes from the
// second-level cache, serves 12 to 24 rows and not 6. Each element of a result is
// the same chain of multiply-adds as with AVX2, so it has the same bits.

// Of a vector of AVX-512, which is a row of a tile and of a panel.
const (
	zmmLanes = 16
	zmmSize  = zmmLanes * floatSize
)

// zmmAccumulators are the registers of a tile, one for each row. A multiply-add takes
// 4 cycles and one can start in each, so at least 4 rows are needed.
type zmmAccumulators []reg.VecVirtual

func newZMMAccumulators(rows int) zmmAccumulators {
	acc := make(zmmAccumulators, rows)
	for r := range acc {
		acc[r] = ZMM()
	}
	return acc
}

// addTerm emits one term of all the sums of a tile, acc[r] += a(r)·b, where a is
// the place of a float.
func (acc zmmAccumulators) addTerm(a func(r int) Mem, b reg.VecVirtual) {
	for r := range acc {
		VFMADD231PS_BCST(a(r), b, acc[r])
	}
}

// tiles emits the loop over the tiles of a kernel, as long as *rows says that rows
// are left: for each tile one of several bodies, which jump to "next", the one with
// the fewest rows that are enough. heights are their rows, the largest first; next
// moves what the bodies keep on by a number of rows.
func tiles(heights []int, rows Mem, body func(height int), next func(rows int)) {
	Label("tile")
	left := GP64()
	MOVQ(rows, left)
	for _, h := range slices.Backward(heights[1:]) {
		CMPQ(left, Imm(uint64(h)))
		JLE(LabelRef(label("atMost", h)))
	}
	for i, h := range heights {
		if i > 0 {
			Label(label("atMost", h))
		}
		body(h)
	}

	Label("next")
	next(heights[0])
	SUBQ(Imm(uint64(heights[0])), rows)
	JG(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// label is the label of something with a number.
func label(name string, n int) string { return name + strconv.Itoa(n) }
