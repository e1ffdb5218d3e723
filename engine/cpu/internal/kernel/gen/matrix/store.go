package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowWalk finds the rows of C, one after the other.
type rowWalk interface {
	prepare()          // at the start of the kernel
	start()            // at the start of a tile's store
	row() reg.Register // the address of the next row of the tile
	advance(rows int)  // to the next tile
}

// tableRows finds the rows of C, or of Add, by a table of offsets, as Tile does.
type tableRows struct {
	base   string // the field C or Add
	table  Mem    // COff or AddOff of the tile at hand
	c, off reg.Register
}

// newTableRows returns the rows of a field.
func newTableRows(base string) *tableRows { return &tableRows{base: base, table: AllocLocal(8)} }

func (w *tableRows) prepare() { MOVQ(load(w.base+"Off"), w.table) }

func (w *tableRows) start() {
	off := GP64()
	MOVQ(w.table, off)
	w.c, w.off = load(w.base), off
}

func (w *tableRows) row() reg.Register {
	p := GP64()
	MOVLQSX(Mem{Base: w.off}, p)
	ADDQ(Imm(offsetSize), w.off)
	LEAQ(Mem{Base: w.c, Index: p, Scale: floatSize}, p)
	return p
}

func (w *tableRows) advance(rows int) { ADDQ(Imm(uint64(offsetSize*rows)), w.table) }

// strideRows finds the rows at equal distances, as Outer does.
type strideRows struct {
	c         Mem // C of the tile at hand
	next, ldc reg.Register
}

func (w *strideRows) prepare() { MOVQ(load("C"), w.c) }

func (w *strideRows) start() {
	next := GP64()
	MOVQ(w.c, next)
	w.next, w.ldc = next, load("LdC")
}

func (w *strideRows) row() reg.Register {
	p := GP64()
	MOVQ(w.next, p)
	LEAQ(Mem{Base: w.next, Index: w.ldc, Scale: floatSize}, w.next)
	return p
}

func (w *strideRows) advance(rows int) {
	step := load("LdC")
	IMUL3Q(Imm(uint64(floatSize*rows)), step, step)
	ADDQ(step, w.c)
}

// store writes finished tiles to C.
//
// Complete tiles go there straight from the registers, as do tiles of fewer
// columns to which nothing is added: these in pieces of 8, 4, 2 and 1 columns,
// because masked stores are microcode, and slow, on AMD. What remains is rare. It
// is dumped into the frame and copied from there, in the same pieces.
//
// The labels "columns", "dump", "copy" and "next" are used.
type store struct {
	shape
	rowWalk
	panel *tableRows // the rows of Add; nil if the arguments have neither Add nor ReLU
	dump  Mem
}

func newStore(s shape, w rowWalk, panel *tableRows) *store {
	return &store{shape: s, rowWalk: w, panel: panel, dump: AllocLocal(s.rows * s.rowSize())}
}

func (o *store) prepare() {
	o.rowWalk.prepare()
	if o.panel != nil {
		o.panel.prepare()
	}
}

func (o *store) advance() {
	o.rowWalk.advance(o.rows)
	if o.panel != nil {
		o.panel.advance(o.rows)
	}
}

// whole stores a tile of which all rows have been summed, and jumps to "next".
// Only the first *rows of them may belong to the result.
func (o *store) whole(acc accumulators, rows Mem) {
	CMPQ(rows, Imm(uint64(o.rows)))
	JLT(LabelRef("dump"))
	CMPQ(load("Cols"), Imm(uint64(o.cols())))
	JLT(LabelRef("columns"))

	add := func(w rowWalk) {
		w.start()
		for r := range acc {
			c := w.row()
			for v := range acc[r] {
				VADDPS(vector(c, v), acc[r][v], acc[r][v])
			}
		}
	}
	ifSet("Accumulate", func() { add(o.rowWalk) })
	o.ifAdd(func() { add(o.panel) })
	o.rectify(acc)
	o.start()
	for r := range acc {
		c := o.row()
		for v := range acc[r] {
			VMOVUPS(acc[r][v], vector(c, v))
		}
	}
	JMP(LabelRef("next"))

	Label("columns")
	ifSet("Accumulate", func() { JMP(LabelRef("dump")) })
	o.ifAdd(func() { JMP(LabelRef("dump")) })
	o.rectify(acc)
	o.someColumns(acc)
	JMP(LabelRef("next"))

	Label("dump")
	o.spill(acc)
	JMP(LabelRef("copy"))
}

// vector is the place of a vector of a row.
func vector(row reg.Register, v int) Mem { return Mem{Base: row, Disp: v * vecSize} }

// rectify applies ReLU to the accumulators if it is asked for.
func (o *store) rectify(acc accumulators) {
	o.ifReLU(func() {
		zero := YMM()
		VXORPS(zero, zero, zero)
		for r := range acc {
			for v := range acc[r] {
				VMAXPS(acc[r][v], zero, acc[r][v]) // a NaN stays
			}
		}
		ifSet("ReLU6", func() {
			VBROADCASTSS(six(), zero)
			for r := range acc {
				for v := range acc[r] {
					VMINPS(acc[r][v], zero, acc[r][v])
				}
			}
		})
	})
}

// sixData is the number 6 in the read-only data.
var sixData *Mem

func six() Mem {
	if sixData == nil {
		const rodataNoptr = 8 | 16
		m := GLOBL("six", rodataNoptr)
		DATA(0, U32(math.Float32bits(6)))
		sixData = &m
	}
	return *sixData
}

// someColumns stores all rows of a tile, but fewer columns than it has. The first
// vector of a row is used up from its low end.
func (o *store) someColumns(acc accumulators) {
	cols := load("Cols")
	o.start()
	row := make([]reg.Register, len(acc))
	for r := range row {
		row[r] = o.row()
	}
	for n := lanes; n > 0; n /= 2 {
		if n == lanes && o.vecs == 1 {
			continue
		}
		TESTB(Imm(uint64(n)), cols.As8())
		skip(JEQ, func() {
			for r := range acc {
				x := acc[r][0]
				switch n {
				case lanes:
					VMOVUPS(x, Mem{Base: row[r]})
					VMOVAPS(acc[r][1], x)
					LEAQ(vector(row[r], 1), row[r])
				case 4:
					VMOVUPS(x.AsX(), Mem{Base: row[r]})
					VEXTRACTF128(Imm(1), x, x.AsX())
				case 2:
					VMOVLPS(x.AsX(), Mem{Base: row[r]})
					VMOVHLPS(x.AsX(), x.AsX(), x.AsX())
				case 1:
					VMOVSS(x.AsX(), Mem{Base: row[r]})
				}
				if n < lanes {
					ADDQ(Imm(uint64(n*floatSize)), row[r])
				}
			}
		})
	}
}

// part stores the first *rows rows of a tile, at most o.rows, and falls through to
// "next".
func (o *store) part(acc accumulators, rows Mem) {
	o.spill(acc)

	Label("copy")
	left, src := GP64(), GP64()
	MOVQ(U32(uint32(o.rows)), left)
	CMPQ(left, rows)
	CMOVQGT(rows, left)
	LEAQ(o.dump, src)
	o.start()
	if o.panel != nil {
		o.panel.start()
	}
	cols := load("Cols")

	Label("copyRow")
	o.copyRow(o.row(), o.addedRow(), src, cols)
	ADDQ(Imm(uint64(o.rowSize())), src)
	DECQ(left)
	JNE(LabelRef("copyRow"))
}

// spill dumps the accumulators into the frame.
func (o *store) spill(acc accumulators) {
	for r := range acc {
		for v := range acc[r] {
			VMOVUPS(acc[r][v], o.dump.Offset(r*o.rowSize()+v*vecSize))
		}
	}
}

// addedRow returns a register with the address of the next row of Add, or with anything
// if there is none.
func (o *store) addedRow() reg.Register {
	more := GP64()
	XORQ(more, more)
	o.ifAdd(func() { MOVQ(o.panel.row(), more) })
	return more
}

// copyRow copies a row of cols floats from the dump at src to C at c, with those at more
// added.
func (o *store) copyRow(c, more, src, cols reg.Register) {
	left, from, to := GP64(), GP64(), GP64()
	MOVQ(cols, left)
	MOVQ(src, from)
	MOVQ(c, to)
	for v := 1; v < o.vecs; v++ {
		CMPQ(left, Imm(lanes))
		skip(JLE, func() {
			o.copyPiece(lanes, from, to, more)
			SUBQ(Imm(lanes), left)
			ADDQ(Imm(vecSize), from)
			ADDQ(Imm(vecSize), more)
			LEAQ(vector(c, v), to)
		})
	}
	for n := lanes; n > 0; n /= 2 {
		TESTB(Imm(uint64(n)), left.As8())
		skip(JEQ, func() {
			o.copyPiece(n, from, to, more)
			ADDQ(Imm(uint64(n*floatSize)), from)
			ADDQ(Imm(uint64(n*floatSize)), more)
			ADDQ(Imm(uint64(n*floatSize)), to)
		})
	}
}

// copyPiece copies n floats, a power of two, and does to them what the flags say.
func (o *store) copyPiece(n int, from, to, more reg.Register) {
	move, vec := VMOVUPS, XMM
	switch n {
	case lanes:
		vec = YMM
	case 2:
		move = VMOVSD
	case 1:
		move = VMOVSS
	}
	x, y := vec(), vec()
	move(Mem{Base: from}, x)
	ifSet("Accumulate", func() {
		move(Mem{Base: to}, y)
		VADDPS(y, x, x)
	})
	o.ifAdd(func() {
		move(Mem{Base: more}, y)
		VADDPS(y, x, x)
	})
	o.ifReLU(func() {
		VXORPS(y, y, y)
		VMAXPS(x, y, x) // of the two, x is returned if it is a NaN
		ifSet("ReLU6", func() {
			VBROADCASTSS(six(), y)
			VMINPS(x, y, x)
		})
	})
	move(x, Mem{Base: to})
}

// ifSet emits code that runs if a flag of the arguments is set.
func ifSet(flag string, body func()) {
	x := GP8()
	Load(Dereference(Param("args")).Field(flag), x)
	TESTB(x, x)
	skip(JEQ, body)
}

// ifReLU emits code that runs if the kernel can apply ReLU and is asked to.
func (o *store) ifReLU(body func()) {
	if o.panel != nil {
		ifSet("ReLU", body)
	}
}

// ifAdd emits code that runs if the kernel can add something and has to.
func (o *store) ifAdd(body func()) {
	if o.panel != nil {
		ifAdd(body)
	}
}

// ifAdd emits code that runs if Add is not nil.
func ifAdd(body func()) {
	x := load("Add")
	TESTQ(x, x)
	skip(JEQ, body)
}
