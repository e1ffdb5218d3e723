package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileHeights are the rows of the register tiles of Tile. The largest is as many
// as there are general registers for.
var tileHeights = []int{12, 8, 4}

// unroll is the number of terms in one turn of the inner loop.
const unroll = 4

// prefetchAhead is how many bytes before their use weights are fetched: a page,
// as the processor's own prefetching stops at its end.
const prefetchAhead = 4096

// panelKernel is what Tile keeps on the stack.
type panelKernel struct {
	aOff, cOff Mem // AOff and COff of the tile at hand
	rows       Mem // rows left, with those of the tile at hand
	segs       Mem // SegOff of the segment at hand
	segsEnd    Mem // end of SegOff
	main       Mem // bytes of B in the unrolled part of a segment
	run        Mem // Run, for its two low bits
	clamped    Mem // AOff of an incomplete tile, filled up with the last row
}

// tileKernel emits Tile: for every tile of rows, the sums over segments and terms,
// which start with the bias, then the store.
func tileKernel() {
	TEXT("tileAVX512", 0, "func(args *TileArgs)")
	Doc("tileAVX512 is the assembly of [Tile], in register tiles of 12×16, 8×16 and 4×16.")
	Pragma("noescape")

	k := &panelKernel{
		aOff: AllocLocal(8), cOff: AllocLocal(8), rows: AllocLocal(8), segs: AllocLocal(8), segsEnd: AllocLocal(8),
		main: AllocLocal(8), run: AllocLocal(8), clamped: AllocLocal(offsetSize * tileHeights[0]),
	}
	k.prepare()
	out := &store{relu: true, rows: k.rows, walk: func() func() reg.Register {
		off, c := GP64(), load("C")
		MOVQ(k.cOff, off)
		at := 0
		return func() reg.Register {
			p := GP64()
			MOVLQSX(Mem{Base: off, Disp: at}, p)
			LEAQ(Mem{Base: c, Index: p, Scale: floatSize}, p)
			at += offsetSize
			return p
		}
	}}
	acc := newAccumulators(tileHeights[0])
	tiles(tileHeights, k.rows,
		func(height int) {
			k.sum(acc[:height])
			out.emit(acc[:height])
		},
		func(n int) {
			ADDQ(Imm(uint64(n*offsetSize)), k.aOff)
			ADDQ(Imm(uint64(n*offsetSize)), k.cOff)
		})
}

// prepare fills the frame.
func (k *panelKernel) prepare() {
	MOVQ(load("AOff"), k.aOff)
	MOVQ(load("COff"), k.cOff)
	MOVQ(load("Rows"), k.rows)

	segs, segsEnd := load("SegOff"), load("Segs")
	LEAQ(Mem{Base: segs, Index: segsEnd, Scale: offsetSize}, segsEnd)
	MOVQ(segsEnd, k.segsEnd)

	run := load("Run")
	MOVQ(run, k.run)
	ANDQ(I8(-unroll), run)
	IMUL3Q(Imm(vecSize), run, run)
	MOVQ(run, k.main)
}

// offsets returns a register that points to the offsets of a tile's rows: to those
// in AOff, or, of an incomplete tile, to a copy filled up with the last one, so that
// the surplus rows are harmless.
func (k *panelKernel) offsets(height int) reg.Register {
	aOff, rows := GP64(), GP64()
	MOVQ(k.aOff, aOff)
	MOVQ(k.rows, rows)
	CMPQ(rows, Imm(uint64(height)))
	skip(JGE, func() {
		last, row, off := GP64(), GP64(), GP32()
		LEAQ(Mem{Base: rows, Disp: -1}, last)
		for r := range height {
			MOVQ(U32(uint32(r)), row)
			CMPQ(row, last)
			CMOVQGT(last, row)
			MOVL(Mem{Base: aOff, Index: row, Scale: offsetSize}, off)
			MOVL(off, k.clamped.Offset(offsetSize*r))
		}
		LEAQ(k.clamped, aOff)
	})
	return aOff
}

// fetchRows fetches the rows of C that the tile will be stored to, if they are far and
// the tile is complete: a burst of so many stores would have to wait for memory.
func (k *panelKernel) fetchRows(height int) {
	ifSet("Far", func() {
		CMPQ(k.rows, Imm(uint64(height)))
		skip(JLT, func() {
			off, c := GP64(), load("C")
			MOVQ(k.cOff, off)
			for r := range height {
				p := GP64()
				MOVLQSX(Mem{Base: off, Disp: r * offsetSize}, p)
				PREFETCHT0(Mem{Base: c, Index: p, Scale: floatSize})
			}
		})
	})
}

// sum emits the sums of a tile.
func (k *panelKernel) sum(acc accumulators) {
	start(acc)
	k.fetchRows(len(acc))
	aOff := k.offsets(len(acc))
	row := make([]reg.Register, len(acc))
	a := load("A")
	for r := range row {
		p := GP64()
		MOVLQSX(Mem{Base: aOff, Disp: r * offsetSize}, p)
		LEAQ(Mem{Base: a, Index: p, Scale: floatSize}, p)
		row[r] = p
	}
	MOVQ(load("SegOff"), k.segs)
	b := load("B")
	off := GP64() // of the terms at hand from the start of each row, in bytes

	terms := func(n int) {
		for t := range n {
			w := ZMM()
			PREFETCHT0(Mem{Base: b, Disp: t*vecSize + prefetchAhead})
			VMOVUPS(Mem{Base: b, Disp: t * vecSize}, w)
			acc.addTerm(func(r int) Mem { return Mem{Base: row[r], Index: off, Scale: 1, Disp: t * floatSize} }, w)
		}
		ADDQ(I32(int32(n*vecSize)), b)
		ADDQ(Imm(uint64(n*floatSize)), off)
	}

	Label(label("segment", len(acc)))
	seg := GP64()
	MOVQ(k.segs, seg)
	MOVLQSX(Mem{Base: seg}, off)
	SHLQ(Imm(2), off)
	ADDQ(Imm(offsetSize), seg)
	MOVQ(seg, k.segs)

	end := GP64()
	MOVQ(k.main, end)
	TESTQ(end, end)
	JEQ(LabelRef(label("rest", len(acc))))
	ADDQ(b, end)
	Label(label("terms", len(acc)))
	terms(unroll)
	CMPQ(b, end)
	JB(LabelRef(label("terms", len(acc))))

	Label(label("rest", len(acc)))
	for n := unroll / 2; n > 0; n /= 2 {
		TESTB(Imm(uint64(n)), k.run)
		skip(JEQ, func() { terms(n) })
	}
	seg = GP64()
	MOVQ(k.segs, seg)
	CMPQ(seg, k.segsEnd)
	JB(LabelRef(label("segment", len(acc))))
}

// start sets every row of the tile to the bias, or to zero without one.
func start(acc accumulators) {
	VPXORD(acc[0], acc[0], acc[0])
	bias := load("Bias")
	TESTQ(bias, bias)
	skip(JEQ, func() { VMOVUPS(Mem{Base: bias}, acc[0]) })
	for _, x := range acc[1:] {
		VMOVAPS(acc[0], x)
	}
}
