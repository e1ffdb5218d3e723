package main

import (
	"slices"
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Sizes in bytes, but for lanes.
const (
	floatSize  = 4
	offsetSize = 4                 // an int32 in a table of offsets
	lanes      = 16                // floats in a vector
	vecSize    = lanes * floatSize // a vector, which is a row of a tile and of a panel
)

// sixBits is the number 6.
const sixBits = 0x40c00000

// accumulators are the registers of a tile, one for each row. A multiply-add takes
// 4 cycles and one can start in each, so at least 4 rows are needed.
type accumulators []reg.VecVirtual

func newAccumulators(rows int) accumulators {
	acc := make(accumulators, rows)
	for r := range acc {
		acc[r] = ZMM()
	}
	return acc
}

// addTerm emits one term of all the sums of a tile, acc[r] += a(r)·b, where a is
// the place of a float.
func (acc accumulators) addTerm(a func(r int) Mem, b reg.VecVirtual) {
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

// load loads a field of the struct that the kernel's parameter args points to into
// a new register. The pointer is fetched anew each time, so that it takes up no
// register in the inner loops.
func load(field string) reg.GPVirtual {
	x := GP64()
	Load(Dereference(Param("args")).Field(field), x)
	return x
}

// label is the label of something with a number.
func label(name string, n int) string { return name + strconv.Itoa(n) }

// made counts the labels made by unique.
var made int

// unique returns a label that nothing else has.
func unique(name string) string {
	made++
	return label(name+"_", made)
}

// skip emits body so that it does not run if the conditional jump is taken.
func skip(jump func(target Op), body func()) {
	over := unique("skip")
	jump(LabelRef(over))
	body()
	Label(over)
}

// ifSet emits code that runs if a flag of the arguments is set.
func ifSet(flag string, body func()) {
	x := GP8()
	Load(Dereference(Param("args")).Field(flag), x)
	TESTB(x, x)
	skip(JEQ, body)
}
