package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// store writes finished tiles to C: whole ones straight, others row by row and
// under a mask of their columns.
type store struct {
	rows Mem                              // rows left, with those of the tile at hand
	walk func() (row func() reg.Register) // goes to the first row of the tile; row finds the next
	relu bool                             // the arguments have the flag Relu
}

// emit stores a tile, of which the first *rows rows belong to the result, or all
// if there are more, and jumps to "next".
func (o *store) emit(acc accumulators) {
	part := func() { JLT(LabelRef(label("part", len(acc)))) }
	CMPQ(o.rows, Imm(uint64(len(acc))))
	part()
	CMPQ(load("Cols"), Imm(lanes))
	part()
	o.finish(acc, nil)

	Label(label("part", len(acc)))
	ones, mask := GP32(), K()
	MOVL(I32(-1), ones)
	BZHIL(load("Cols").As32(), ones, ones)
	KMOVW(ones, mask)
	o.finish(acc, mask)
}

// finish does what the flags say, stores the tile and jumps to "next". Without a
// mask all rows and columns are valid.
func (o *store) finish(acc accumulators, mask reg.Register) {
	ifSet("Accumulate", func() {
		o.each(acc, mask, func(x reg.VecVirtual, c Mem) {
			if mask == nil {
				VADDPS(c, x, x)
				return
			}
			y := ZMM()
			VMOVUPS_Z(c, mask, y)
			VADDPS(y, x, x)
		})
	})
	if o.relu {
		ifSet("Relu", func() { rectify(acc) })
	}
	o.each(acc, mask, func(x reg.VecVirtual, c Mem) {
		if mask == nil {
			VMOVUPS(x, c)
		} else {
			VMOVUPS(x, mask, c)
		}
	})
	JMP(LabelRef("next"))
}

// each emits code for all valid rows of the tile.
func (o *store) each(acc accumulators, mask reg.Register, do func(x reg.VecVirtual, c Mem)) {
	row := o.walk()
	end := unique("end")
	for r, x := range acc {
		if mask != nil && r > 0 {
			CMPQ(o.rows, Imm(uint64(r)))
			JLE(LabelRef(end))
		}
		do(x, Mem{Base: row()})
	}
	if mask != nil {
		Label(end)
	}
}

// rectify applies ReLU, or ReLU6 if the flag Six is set.
func rectify(acc accumulators) {
	limit := ZMM()
	VPXORD(limit, limit, limit)
	for _, x := range acc {
		VMAXPS(x, limit, x) // a NaN stays
	}
	ifSet("Six", func() {
		bits := GP32()
		MOVL(U32(sixBits), bits)
		VPBROADCASTD(bits, limit)
		for _, x := range acc {
			VMINPS(x, limit, x)
		}
	})
}
