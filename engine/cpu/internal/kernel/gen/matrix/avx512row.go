package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowPanels are the panels that rowAVX512 reads at a time: as many chains of
// multiply-adds as hide their latency, and as many streams from memory.
const rowPanels = 4

// rowAVX512 emits TileRow for four panels. Each is a row of the tile: Rows is 4, and COff
// and AddOff say where the columns of each panel start. Nothing is fetched ahead: the
// processor does that well for four streams (82 GB/s instead of 45 to 67 from the cache).
func rowAVX512(name string) {
	TEXT(name, 0, "func(args *TileArgs, step int)")

	c, more := newTableRows("C"), newTableRows("Add")
	rows := AllocLocal(8)
	c.prepare()
	more.prepare()
	MOVQ(load("Rows"), rows)
	out := &maskedStore{rowWalk: c, rows: rows, panel: more}
	acc := newZMMAccumulators(rowPanels)
	for _, x := range acc {
		VPXORD(x, x, x)
	}
	bias := load("Bias")
	TESTQ(bias, bias)
	skip(JEQ, func() {
		for r, x := range acc {
			VMOVUPS(Mem{Base: bias, Disp: r * zmmSize}, x)
		}
	})

	a, left, step := load("A"), load("Run"), Load(Param("step"), GP64())
	SHLQ(Imm(2), step)
	var panel [rowPanels]reg.GPVirtual
	for r := range panel {
		panel[r] = GP64()
		if r == 0 {
			MOVQ(load("B"), panel[r])
		} else {
			LEAQ(Mem{Base: panel[r-1], Index: step, Scale: 1}, panel[r])
		}
	}
	Label("term")
	x := ZMM()
	VBROADCASTSS(Mem{Base: a}, x)
	for r := range panel {
		VFMADD231PS(Mem{Base: panel[r]}, x, acc[r])
		ADDQ(Imm(zmmSize), panel[r])
	}
	ADDQ(Imm(floatSize), a)
	DECQ(left)
	JNE(LabelRef("term"))
	out.emit(acc)

	Label("next")
	VZEROUPPER()
	RET()
}
