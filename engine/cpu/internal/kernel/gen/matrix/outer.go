package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// outerKernel emits Outer for one shape of tile: for every tile of rows, the sum
// over k of a column of A times a row of B, both found by their offsets, then the
// store.
func outerKernel(name string, s shape) {
	TEXT(name, 0, "func(args *OuterArgs)")

	aTile, rows := AllocLocal(8), AllocLocal(8) // A of the tile at hand; rows left, with its own
	ahead := AllocLocal(8)                      // what to fetch next
	out := newStore(s, &strideRows{c: AllocLocal(8)}, nil)
	first, soon := load("A"), load("Prefetch")
	MOVQ(first, aTile)
	MOVQ(load("Rows"), rows)
	TESTQ(soon, soon)
	CMOVQEQ(first, soon) // nil: A is in the cache
	MOVQ(soon, ahead)
	out.prepare()
	acc := s.accumulators()

	Label("tile")
	left := GP64()
	MOVQ(rows, left)
	CMPQ(left, Imm(uint64(s.short)))
	JLE(LabelRef("short"))

	s.outerSum("full", acc, aTile, ahead)
	out.whole(acc, rows)

	Label("short")
	s.outerSum("short", acc[:s.short], aTile, ahead)
	out.part(acc[:s.short], rows)

	Label("next")
	ADDQ(Imm(uint64(floatSize*s.rows)), aTile)
	out.advance()
	SUBQ(Imm(uint64(s.rows)), rows)
	JG(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// aheadStep is how many bytes each term fetches ahead, see OuterArgs.PrefetchLen.
const aheadStep = 16

// outerSum emits the sums of a tile whose first row is at aTile, and fetches from
// what soon points to on.
func (s shape) outerSum(label string, acc accumulators, aTile, soon Mem) {
	for r := range acc {
		for v := range acc[r] {
			VXORPS(acc[r][v], acc[r][v], acc[r][v])
		}
	}
	a, b0 := GP64(), load("B")
	MOVQ(aTile, a)
	b := []Mem{{Base: b0}}
	if len(acc[0]) > 1 {
		b1 := load("B1")
		LEAQ(Mem{Base: b0, Index: b1, Scale: floatSize}, b1)
		b = append(b, Mem{Base: b1})
	}
	aOff, bOff, end := load("AOff"), load("BOff"), load("K")
	LEAQ(Mem{Base: aOff, Index: end, Scale: offsetSize}, end)
	ahead := GP64()
	MOVQ(soon, ahead)
	CMPQ(aOff, end)
	JEQ(LabelRef(label + "Done"))

	Label(label + "Terms")
	ai, bi := GP64(), GP64()
	PREFETCHT1(Mem{Base: ahead})
	ADDQ(Imm(aheadStep), ahead)
	MOVLQSX(Mem{Base: aOff}, ai)
	MOVLQSX(Mem{Base: bOff}, bi)
	at := func(r int) Mem { return Mem{Base: a, Index: ai, Scale: floatSize, Disp: r * floatSize} }
	var quads []reg.VecVirtual // the first rows
	for q := range s.quads {
		quads = append(quads, loadQuad(at(q*quadSize)))
	}
	acc.addTerm(
		func(r int, x reg.VecVirtual) {
			if q := r / quadSize; q < len(quads) {
				pick(r%quadSize, quads[q], x)
			} else {
				VBROADCASTSS(at(r), x)
			}
		},
		func(v int) Mem { return b[v].Idx(bi, floatSize) })
	ADDQ(Imm(offsetSize), aOff)
	ADDQ(Imm(offsetSize), bOff)
	CMPQ(aOff, end)
	JB(LabelRef(label + "Terms"))
	MOVQ(ahead, soon)
	Label(label + "Done")
}
