package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maskedStore writes finished tiles to C: whole ones straight, others row by row and
// under a mask of their columns.
type maskedStore struct {
	rowWalk
	rows  Mem        // rows left, with those of the tile at hand
	panel *tableRows // the rows of Add; nil if the arguments have neither Add nor ReLU
}

// emit stores a tile, of which the first *rows rows belong to the result, or all
// if there are more, and jumps to "next".
func (o *maskedStore) emit(acc zmmAccumulators) {
	part := func() { JLT(LabelRef(label("part", len(acc)))) }
	CMPQ(o.rows, Imm(uint64(len(acc))))
	part()
	CMPQ(load("Cols"), Imm(zmmLanes))
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
func (o *maskedStore) finish(acc zmmAccumulators, mask reg.Register) {
	add := func(x reg.VecVirtual, c Mem) {
		if mask == nil {
			VADDPS(c, x, x)
			return
		}
		y := ZMM()
		VMOVUPS_Z(c, mask, y)
		VADDPS(y, x, x)
	}
	ifSet("Accumulate", func() { o.each(o.rowWalk, acc, mask, add) })
	if o.panel != nil {
		ifAdd(func() { o.each(o.panel, acc, mask, add) })
		ifSet("ReLU", func() { rectify(acc) })
	}
	o.each(o.rowWalk, acc, mask, func(x reg.VecVirtual, c Mem) {
		if mask == nil {
			VMOVUPS(x, c)
		} else {
			VMOVUPS(x, mask, c)
		}
	})
	JMP(LabelRef("next"))
}

// each emits code for all valid rows of the tile, in C or in Add.
func (o *maskedStore) each(w rowWalk, acc zmmAccumulators, mask reg.Register, do func(x reg.VecVirtual, c Mem)) {
	w.start()
	end := uniqueLabel("end")
	for r, x := range acc {
		if mask != nil && r > 0 {
			CMPQ(o.rows, Imm(uint64(r)))
			JLE(LabelRef(end))
		}
		do(x, Mem{Base: w.row()})
	}
	if mask != nil {
		Label(end)
	}
}

// rectify applies ReLU, or ReLU6 if the flag ReLU6 is set.
func rectify(acc zmmAccumulators) {
	limit := ZMM()
	VPXORD(limit, limit, limit)
	for _, x := range acc {
		VMAXPS(x, limit, x) // a NaN stays
	}
	ifSet("ReLU6", func() {
		VBROADCASTSS(six(), limit)
		for _, x := range acc {
			VMINPS(x, limit, x)
		}
	})
}
