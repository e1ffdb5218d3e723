package main

import (
	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

const (
	floatSize = 4
	lanes     = 8
)

// A span is a place in a row: eight lanes, or the fewer ones of its tail. Pointers
// given to load and store are those of the row's start.
type span struct {
	label string
	at    gp   // index of the first lane; nil for 0
	disp  int  // bytes to add, where a loop body is unrolled
	tail  *row // the row, if this is its tail
}

func (s span) mem(base gp) Mem {
	if s.at == nil {
		return Mem{Base: base, Disp: s.disp}
	}
	return Mem{Base: base, Index: s.at, Scale: floatSize, Disp: s.disp}
}

// load returns the lanes at base; those beyond the end of the row are 0.
func (s span) load(base gp) vec {
	if s.tail == nil {
		return load(s.mem(base))
	}
	d := YMM()
	VMASKMOVPS(s.mem(base), s.tail.mask, d)
	return d
}

// operand returns the lanes at base as an operand: in memory if they are whole.
func (s span) operand(base gp) Op {
	if s.tail == nil {
		return s.mem(base)
	}
	return s.load(base)
}

// keep returns v with the lanes beyond the end of the row replaced by those of
// filler, or by 0 if filler is nil.
func (s span) keep(v vec, filler Op) vec {
	if s.tail == nil {
		return v
	}
	if filler == nil {
		return and(s.tail.mask, v)
	}
	return choose(s.tail.mask, v, load(filler))
}

// store writes the lanes to base. It ruins v in a tail.
func (s span) store(v vec, base gp) {
	if s.tail == nil {
		VMOVUPS(v, s.mem(base))
		return
	}
	p := GP64()
	LEAQ(s.mem(base), p)
	s.tail.storePart(v, p, s.label)
}

// A row is what the spans of rows of one length share.
type row struct {
	n    gp  // its length
	rest gp  // n modulo 8
	mask vec // the lanes of the tail
	cuts int // numbers the labels of storePart
}

// newRow prepares rows of n elements.
func newRow(n gp) *row {
	r := &row{n: n, rest: GP64(), mask: YMM()}
	MOVQ(n, r.rest)
	ANDQ(U8(lanes-1), r.rest)
	p := GP64()
	LEAQ(tailMasks(), p)
	end := GP64()
	MOVQ(r.rest, end)
	NEGQ(end)
	VMOVUPS(Mem{Base: p, Index: end, Scale: floatSize, Disp: lanes * floatSize}, r.mask)
	return r
}

// tailMasks returns the table of eight set lanes and eight clear ones, in which a
// mask of r lanes starts at 8−r.
func tailMasks() Mem {
	if tailTable.Base == nil {
		tailTable = GLOBL("tail_masks", attr.RODATA|attr.NOPTR)
		for lane := range 2 * lanes {
			v := U32(0)
			if lane < lanes {
				v = 0xffffffff
			}
			DATA(floatSize*lane, v)
		}
	}
	return tailTable
}

var tailTable Mem

// storePart writes the first rest lanes of v to p. It ruins both.
func (r *row) storePart(v vec, p gp, label string) {
	x := v.AsX()
	label += "_part" + string(rune('a'+r.cuts))
	r.cuts++
	TESTQ(U32(4), r.rest)
	JEQ(LabelRef(label + "_two"))
	VMOVUPS(x, Mem{Base: p})
	VEXTRACTF128(U8(1), v, x)
	ADDQ(U8(4*floatSize), p)
	Label(label + "_two")
	TESTQ(U32(2), r.rest)
	JEQ(LabelRef(label + "_one"))
	VMOVLPS(x, Mem{Base: p})
	VMOVHLPS(x, x, x)
	ADDQ(U8(2*floatSize), p)
	Label(label + "_one")
	TESTQ(U32(1), r.rest)
	JEQ(LabelRef(label + "_end"))
	VMOVSS(x, Mem{Base: p})
	Label(label + "_end")
}

// overRow emits a loop over a row: body is called for unroll whole vectors, for a
// single one if unroll > 1, and for the tail.
func overRow(label string, r *row, unroll int, body func(s span)) {
	overRowBlocks(label, r, unroll, func(block []span) {
		for _, s := range block {
			body(s)
		}
	})
}

// overRowBlocks is overRow for a body that handles unroll vectors, a single one or
// the tail together.
func overRowBlocks(label string, r *row, unroll int, body func(block []span)) {
	at, left := GP64(), GP64()
	XORQ(at, at)
	MOVQ(r.n, left)
	loop := func(label string, vectors int) {
		count := U8(vectors * lanes)
		SUBQ(count, left)
		JLT(LabelRef(label + "_done"))
		Label(label)
		block := make([]span, vectors)
		for v := range block {
			block[v] = span{label: label, at: at, disp: v * lanes * floatSize}
		}
		body(block)
		ADDQ(count, at)
		SUBQ(count, left)
		JGE(LabelRef(label))
		Label(label + "_done")
		ADDQ(count, left)
	}
	if unroll > 1 {
		loop(label+"_block", unroll)
	}
	loop(label+"_vector", 1)
	TESTQ(r.rest, r.rest)
	JEQ(LabelRef(label + "_end"))
	body([]span{{label: label + "_tail", at: at, tail: r}})
	Label(label + "_end")
}

// overRows emits a loop around body, which handles one row, and moves the pointers
// on by the row's length after each.
func overRows(label string, rows gp, r *row, pointers []gp, body func()) {
	TESTQ(rows, rows)
	JLE(LabelRef(label + "_none"))
	Label(label)
	body()
	for _, p := range pointers {
		LEAQ(Mem{Base: p, Index: r.n, Scale: floatSize}, p)
	}
	DECQ(rows)
	JNE(LabelRef(label))
	Label(label + "_none")
}

// function starts an assembly function.
func function(name, signature string) {
	TEXT(name, attr.NOSPLIT, "func"+signature)
}

// param loads an integer or pointer parameter.
func param(name string) gp { return Load(Param(name), GP64()).(gp) }

// params loads several.
func params(names ...string) []gp {
	list := make([]gp, len(names))
	for i, name := range names {
		list[i] = param(name)
	}
	return list
}

// finish ends a function.
func finish() {
	VZEROUPPER()
	RET()
}
