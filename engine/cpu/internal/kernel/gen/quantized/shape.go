package main

import (
	"fmt"
	"strconv"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Sizes in bytes.
const (
	wordSize = 4 // an int32, a float32, or a quad of bytes
	zmmSize  = 64
	ymmSize  = 32
)

type (
	vec = reg.VecVirtual
	gp  = reg.GPVirtual
)

// load loads a field of the struct that the kernel's parameter args points to into a new
// register. The pointer is fetched again each time, so that it takes up no register in the inner loops.
func load(field string) gp {
	x := GP64()
	Load(Dereference(Param("args")).Field(field), x)
	return x
}

// output returns a register with the address of Output, whose fields are at these distances.
func output() gp { return load("Output") }

const (
	outScale    = 0
	outLow      = 8
	outHigh     = 12
	outAddScale = 16
	outAddZero  = 20
	outZero     = 24
)

// ifSet emits code that runs if a flag of the arguments is set.
func ifSet(flag string, body func()) {
	x := GP8()
	Load(Dereference(Param("args")).Field(flag), x)
	TESTB(x, x)
	skip(JEQ, body)
}

// names counts the labels made by uniqueLabel.
var names int

// uniqueLabel returns a label that nothing else has.
func uniqueLabel(name string) string {
	names++
	return name + strconv.Itoa(names)
}

// skip emits body so that it does not run if the conditional jump is taken.
func skip(jump func(target Op), body func()) {
	label := uniqueLabel("skip")
	jump(LabelRef(label))
	body()
	Label(label)
}

// constants are the vectors in the read-only data.
var constants = map[string]Mem{}

// words returns a vector of 32-bit lanes in memory.
func words(name string, list ...uint32) Mem {
	if m, ok := constants[name]; ok {
		return m
	}
	m := GLOBL(name, attr.RODATA|attr.NOPTR)
	for i, w := range list {
		DATA(wordSize*i, U32(w))
	}
	constants[name] = m
	return m
}

// label is the label of something with a number.
func label(name string, n int) string { return fmt.Sprintf("%s%d", name, n) }

// tableRows finds rows by a table of offsets from a field.
type tableRows struct {
	base   string // the field C or Add
	table  Mem    // its offsets of the tile at hand
	c, off gp
}

// newTableRows returns the rows of a field.
func newTableRows(base string) *tableRows { return &tableRows{base: base, table: AllocLocal(8)} }

func (w *tableRows) prepare() { MOVQ(load(w.base+"Off"), w.table) }

// start begins with the rows of the tile at hand.
func (w *tableRows) start() {
	w.off = GP64()
	MOVQ(w.table, w.off)
	w.c = load(w.base)
}

// row returns the address of row r of the tile, whose elements have the given size.
func (w *tableRows) row(r, size int) gp {
	p := GP64()
	MOVLQSX(Mem{Base: w.off, Disp: wordSize * r}, p)
	LEAQ(Mem{Base: w.c, Index: p, Scale: uint8(size)}, p)
	return p
}

// frame is what the kernels of tiles keep on the stack.
type frame struct {
	aOff                Mem // AOff of the tile at hand
	tiles, tall, height Mem // tiles left, those of them with the greater height, the height
	segs, segsLeft, end Mem // SegOff of the segment at hand, segments left, end of the run
	c, more             *tableRows
}

func newFrame() *frame {
	f := &frame{
		aOff: AllocLocal(8), tiles: AllocLocal(8), tall: AllocLocal(8), height: AllocLocal(8),
		segs: AllocLocal(8), segsLeft: AllocLocal(8), end: AllocLocal(8),
		c: newTableRows("C"), more: newTableRows("Add"),
	}
	MOVQ(load("AOff"), f.aOff)
	MOVQ(load("tiles"), f.tiles)
	MOVQ(load("tall"), f.tall)
	MOVQ(load("height"), f.height)
	f.c.prepare()
	f.more.prepare()
	return f
}

// eachTile emits the loop over the tiles: body emits a tile of so many rows, 1 to most.
func (f *frame) eachTile(most int, body func(height int)) {
	Label("tile")
	height := GP64()
	MOVQ(f.height, height)
	f.choose(height, 1, most)
	for h := most; h >= 1; h-- {
		Label(label("height", h))
		body(h)
		for _, table := range []Mem{f.aOff, f.c.table, f.more.table} {
			ADDQ(Imm(uint64(wordSize*h)), table)
		}
		if h > 1 {
			JMP(LabelRef("next"))
		}
	}
	Label("next")
	DECQ(f.tall)
	skip(JNE, func() { DECQ(f.height) })
	DECQ(f.tiles)
	JNE(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// choose emits jumps to the body for the height, which is from ≤ height ≤ to.
func (f *frame) choose(height gp, from, to int) {
	if from == to {
		JMP(LabelRef(label("height", from)))
		return
	}
	middle := (from + to + 1) / 2
	upper := uniqueLabel("choose")
	CMPQ(height, Imm(uint64(middle)))
	JGE(LabelRef(upper))
	f.choose(height, from, middle-1)
	Label(upper)
	f.choose(height, middle, to)
}

// eachQuad emits the loop over the quads of a tile's sums: body emits one, whose weights are at b and whose
// bytes of row r are off bytes after row[r]. It moves b on.
func (f *frame) eachQuad(name string, rows int, b gp, body func(row []reg.Register, off gp)) {
	row := make([]reg.Register, rows)
	table, a := GP64(), load("A")
	MOVQ(f.aOff, table)
	for r := range row {
		p := GP64()
		MOVLQSX(Mem{Base: table, Disp: r * wordSize}, p)
		ADDQ(a, p)
		row[r] = p
	}
	MOVQ(load("SegOff"), f.segs)
	MOVQ(load("Segs"), f.segsLeft)
	Label(name + "Segment")
	off, next, end := GP64(), GP64(), GP64()
	MOVQ(f.segs, next)
	MOVLQSX(Mem{Base: next}, off)
	ADDQ(Imm(wordSize), f.segs)
	MOVQ(load("Run"), end)
	ADDQ(off, end)
	MOVQ(end, f.end)
	Label(name + "Quad")
	body(row, off)
	ADDQ(Imm(wordSize), off)
	CMPQ(off, f.end)
	JLT(LabelRef(name + "Quad"))
	DECQ(f.segsLeft)
	JNE(LabelRef(name + "Segment"))
}

// dot emits VPDPBUSD, which avo does not know: sum += the products of four bytes, a without sign and w with.
func dot(w, a, sum vec) { dotMem(w, a, sum) }

// dotMem is dot with w in a register or in memory.
func dotMem(w Op, a, sum vec) {
	Instruction(&ir.Instruction{
		Opcode: "VPDPBUSD", Operands: []Op{w, a, sum}, Inputs: []Op{w, a, sum}, Outputs: []Op{sum},
	})
}
