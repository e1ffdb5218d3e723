package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// unroll is the number of terms in one turn of the inner loop.
const unroll = quadSize

// prefetchAhead is how many bytes before their use weights are fetched: a page,
// as the processor's own prefetching stops at its end. Weights that come from
// memory, as those of large layers do where there is one image, take 27 % less
// time; in the cache it makes no difference.
const prefetchAhead = 4096

// panelFrame is what the kernels for packed panels keep on the stack.
type panelFrame struct {
	aOff    Mem // AOff of the tile at hand
	left    Mem // rows left, with those of the tile at hand
	segs    Mem // SegOff of the segment at hand
	segsEnd Mem // end of SegOff
	main    Mem // bytes of B in the unrolled part of a segment
	run     Mem // Run, for its two low bits
	clamped Mem // AOff of an incomplete tile, filled up with the last row
}

// newPanelFrame makes room for tiles of up to the given height.
func newPanelFrame(height int) panelFrame {
	return panelFrame{
		aOff: AllocLocal(8), left: AllocLocal(8), segs: AllocLocal(8), segsEnd: AllocLocal(8),
		main: AllocLocal(8), run: AllocLocal(8), clamped: AllocLocal(offsetSize * height),
	}
}

// panelKernel is a kernel for packed panels.
type panelKernel struct {
	shape
	panelFrame
	zeros Mem // a row of zeros, in place of a missing bias
}

// tileKernel emits Tile or TileNarrow: for every tile of rows, the sums over
// segments and terms, which start with the bias, then the store.
func tileKernel(name string, s shape, zeros Mem) {
	TEXT(name, 0, "func(args *TileArgs)")

	k := &panelKernel{shape: s, panelFrame: newPanelFrame(s.rows), zeros: zeros}
	out := newStore(s, newTableRows("C"), newTableRows("Add"))
	k.prepare(s.rowSize())
	out.prepare()
	acc := s.accumulators()
	aOff := GP64()

	Label("tile")
	rows := GP64()
	MOVQ(k.aOff, aOff)
	MOVQ(k.left, rows)
	CMPQ(rows, Imm(uint64(s.rows)))
	JGE(LabelRef("full"))
	k.clamp(s.rows, aOff, rows)
	CMPQ(rows, Imm(uint64(s.short)))
	JLE(LabelRef("short"))

	Label("full")
	k.sum("full", acc, aOff)
	out.whole(acc, k.left)

	Label("short")
	k.sum("short", acc[:s.short], aOff)
	out.part(acc[:s.short], k.left)

	Label("next")
	ADDQ(Imm(uint64(offsetSize*s.rows)), k.aOff)
	out.advance()
	SUBQ(Imm(uint64(s.rows)), k.left)
	JG(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// prepare fills the frame for panels whose rows have the given size in bytes.
func (f *panelFrame) prepare(rowSize int) {
	MOVQ(load("AOff"), f.aOff)
	MOVQ(load("Rows"), f.left)

	segs, segsEnd := load("SegOff"), load("Segs")
	LEAQ(Mem{Base: segs, Index: segsEnd, Scale: offsetSize}, segsEnd)
	MOVQ(segsEnd, f.segsEnd)

	run := load("Run")
	MOVQ(run, f.run)
	ANDQ(I8(-unroll), run)
	IMUL3Q(Imm(uint64(rowSize)), run, run)
	MOVQ(run, f.main)
}

// clamp makes aOff point to a copy of the last rows' offsets that is filled up
// with the last one, so that the surplus rows of the tile are harmless.
func (f *panelFrame) clamp(height int, aOff, rows reg.Register) {
	last, row, off := GP64(), GP64(), GP32()
	LEAQ(Mem{Base: rows, Disp: -1}, last)
	for r := range height {
		MOVQ(U32(uint32(r)), row)
		CMPQ(row, last)
		CMOVQGT(last, row)
		MOVL(Mem{Base: aOff, Index: row, Scale: offsetSize}, off)
		MOVL(off, f.clamped.Offset(offsetSize*r))
	}
	LEAQ(f.clamped, aOff)
}

// rowsOfA returns registers that point to the first rows of A, by their offsets at
// aOff.
func rowsOfA(n int, aOff reg.Register) []reg.Register {
	row := make([]reg.Register, n)
	a := load("A")
	for r := range row {
		p := GP64()
		MOVLQSX(Mem{Base: aOff, Disp: r * offsetSize}, p)
		LEAQ(Mem{Base: a, Index: p, Scale: floatSize}, p)
		row[r] = p
	}
	return row
}

// sum emits the sums of a tile whose rows start at the offsets at aOff.
func (k *panelKernel) sum(label string, acc accumulators, aOff reg.Register) {
	k.start(acc)
	row := rowsOfA(len(acc), aOff)
	k.eachTerms(label, k.rowSize(), func(n int, b, off reg.Register) { k.terms(acc, n, row, b, off) })
}

// terms emits n terms. Of some rows, all four terms of a turn are one quad.
func (k *panelKernel) terms(acc accumulators, n int, row []reg.Register, b, off reg.Register) {
	at := func(r, t int) Mem { return Mem{Base: row[r], Index: off, Scale: 1, Disp: t * floatSize} }
	var quads []reg.VecVirtual
	for r := 0; n == quadSize && r < k.quads; r++ {
		quads = append(quads, loadQuad(at(r, 0)))
	}
	for t := range n {
		PREFETCHT0(Mem{Base: b, Disp: t*k.rowSize() + prefetchAhead})
		acc.addTerm(
			func(r int, x reg.VecVirtual) {
				if r < len(quads) {
					pick(t, quads[r], x)
				} else {
					VBROADCASTSS(at(r, t), x)
				}
			},
			func(v int) Mem { return Mem{Base: b, Disp: t*k.rowSize() + v*vecSize} })
	}
}

// eachTerms emits the loop over the terms of a tile's sums, segment by segment: body
// emits some terms, the weights of the first at b, off bytes from the start of each
// row of A.
func (f *panelFrame) eachTerms(label string, rowSize int, body func(n int, b, off reg.Register)) {
	MOVQ(load("SegOff"), f.segs)
	b := load("B")
	off := GP64()
	terms := func(n int) {
		body(n, b, off)
		ADDQ(I32(int32(n*rowSize)), b)
		ADDQ(Imm(uint64(n*floatSize)), off)
	}

	Label(label + "Segment")
	seg := GP64()
	MOVQ(f.segs, seg)
	MOVLQSX(Mem{Base: seg}, off)
	SHLQ(Imm(2), off)
	ADDQ(Imm(offsetSize), seg)
	MOVQ(seg, f.segs)

	end := GP64()
	MOVQ(f.main, end)
	TESTQ(end, end)
	JEQ(LabelRef(label + "Rest"))
	ADDQ(b, end)
	Label(label + "Terms")
	terms(unroll)
	CMPQ(b, end)
	JB(LabelRef(label + "Terms"))

	Label(label + "Rest")
	for n := unroll / 2; n > 0; n /= 2 {
		TESTB(Imm(uint64(n)), f.run)
		skip(JEQ, func() { terms(n) })
	}
	seg = GP64()
	MOVQ(f.segs, seg)
	CMPQ(seg, f.segsEnd)
	JB(LabelRef(label + "Segment"))
}

// start sets every row of the tile to the bias, or to zero without one.
func (k *panelKernel) start(acc accumulators) {
	bias, zeros := load("Bias"), GP64()
	LEAQ(k.zeros, zeros)
	TESTQ(bias, bias)
	CMOVQEQ(zeros, bias)
	for v := range k.vecs {
		VMOVUPS(Mem{Base: bias, Disp: v * vecSize}, acc[0][v])
	}
	for r := 1; r < len(acc); r++ {
		for v := range k.vecs {
			VMOVAPS(acc[0][v], acc[r][v])
		}
	}
}

// zeroRow emits a row of zeros in the read-only data.
func zeroRow() Mem {
	const rodataNoptr = 8 | 16
	zeros := GLOBL("zeros", rodataNoptr)
	for i := 0; i < wide.rowSize(); i += 8 {
		DATA(i, U64(0))
	}
	return zeros
}
