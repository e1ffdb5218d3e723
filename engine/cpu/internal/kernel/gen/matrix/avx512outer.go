package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// outerHeights are the rows of the register tiles of Outer.
var outerHeights = []int{24, 16, 8}

// outerAVX512 emits Outer for more than 8 columns.
func outerAVX512(name string) {
	TEXT(name, 0, "func(args *OuterArgs)")

	rows := AllocLocal(8) // rows left, with those of the tile at hand
	a := AllocLocal(8)
	ahead, aheadStep := AllocLocal(8), AllocLocal(8) // what to fetch next, and how far a term moves it
	first, soon, step := load("A"), load("Prefetch"), GP64()
	MOVQ(first, a)
	MOVQ(U32(zmmSize), step)
	MOVQ(load("Rows"), rows)
	TESTQ(soon, soon)
	CMOVQEQ(soon, step) // nil: always the first line of A
	CMOVQEQ(first, soon)
	MOVQ(soon, ahead)
	MOVQ(step, aheadStep)

	out := &maskedStore{rowWalk: &strideRows{c: AllocLocal(8)}, rows: rows}
	out.prepare()
	acc := newZMMAccumulators(outerHeights[0])
	tiles(outerHeights, rows,
		func(height int) {
			outerSumAVX512(acc[:height], a, ahead, aheadStep)
			out.emit(acc[:height])
		},
		func(n int) {
			ADDQ(Imm(uint64(n*floatSize)), a)
			out.advance(n)
		})
}

// outerSumAVX512 emits the sums of a tile whose first row is at *first, and fetches from
// *soon on, *soonStep bytes for each term.
func outerSumAVX512(acc zmmAccumulators, first, soon, soonStep Mem) {
	for _, x := range acc {
		VPXORD(x, x, x)
	}
	a, ahead, step, b0, b1 := GP64(), GP64(), GP64(), load("B"), load("B1")
	MOVQ(first, a)
	MOVQ(soon, ahead)
	MOVQ(soonStep, step)
	LEAQ(Mem{Base: b0, Index: b1, Scale: floatSize}, b1)
	aOff, bOff, end := load("AOff"), load("BOff"), load("K")
	LEAQ(Mem{Base: aOff, Index: end, Scale: offsetSize}, end)
	CMPQ(aOff, end)
	JEQ(LabelRef(label("sum", len(acc))))

	Label(label("term", len(acc)))
	ai, bi, b := GP64(), GP64(), ZMM()
	PREFETCHT1(Mem{Base: ahead})
	ADDQ(step, ahead)
	MOVLQSX(Mem{Base: aOff}, ai)
	MOVLQSX(Mem{Base: bOff}, bi)
	VMOVUPS(Mem{Base: b0, Index: bi, Scale: floatSize}, b.AsY())
	VINSERTF32X8(Imm(1), Mem{Base: b1, Index: bi, Scale: floatSize}, b, b)
	acc.addTerm(func(r int) Mem { return Mem{Base: a, Index: ai, Scale: floatSize, Disp: r * floatSize} }, b)
	ADDQ(Imm(offsetSize), aOff)
	ADDQ(Imm(offsetSize), bOff)
	CMPQ(aOff, end)
	JB(LabelRef(label("term", len(acc))))
	MOVQ(ahead, soon)

	Label(label("sum", len(acc)))
}
