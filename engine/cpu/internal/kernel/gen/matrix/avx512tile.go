package main

import (
	"strconv"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tileHeights are the rows of the register tiles of Tile. The largest is as many
// as there are general registers for.
var tileHeights = []int{12, 8, 4}

// tallKernel is Tile with AVX-512.
type tallKernel struct {
	panelFrame
	c, more *tableRows // the rows of C and of Add
}

// tileAVX512 emits Tile: for every tile of rows, the sums over segments and terms,
// which start with the bias, then the store.
func tileAVX512(name string) {
	TEXT(name, 0, "func(args *TileArgs)")

	k := &tallKernel{panelFrame: newPanelFrame(tileHeights[0]), c: newTableRows("C"), more: newTableRows("Add")}
	k.prepare(zmmSize)
	k.c.prepare()
	k.more.prepare()
	out := &maskedStore{rowWalk: k.c, rows: k.left, panel: k.more}
	acc := newZMMAccumulators(tileHeights[0])
	tiles(tileHeights, k.left,
		func(height int) {
			k.sum(acc[:height])
			out.emit(acc[:height])
		},
		func(n int) {
			ADDQ(Imm(uint64(n*offsetSize)), k.aOff)
			k.c.advance(n)
			k.more.advance(n)
		})
}

// offsets returns a register that points to the offsets of a tile's rows: to those
// in AOff, or, of an incomplete tile, to a copy filled up with the last one, so that
// the surplus rows are harmless.
func (k *tallKernel) offsets(height int) reg.Register {
	aOff, rows := GP64(), GP64()
	MOVQ(k.aOff, aOff)
	MOVQ(k.left, rows)
	CMPQ(rows, Imm(uint64(height)))
	skip(JGE, func() {
		k.clamp(height, aOff, rows)
	})
	return aOff
}

// fetchRows fetches the rows of C that the tile will be stored to, and those of Add, if
// they are far and the tile is complete: a burst of so many stores would have to wait
// for memory.
func (k *tallKernel) fetchRows(height int) {
	fetch := func(w *tableRows) {
		w.start()
		for range height {
			PREFETCHT0(Mem{Base: w.row()})
		}
	}
	ifSet("NonTemporal", func() {
		CMPQ(k.left, Imm(uint64(height)))
		skip(JLT, func() {
			fetch(k.c)
			ifAdd(func() { fetch(k.more) })
		})
	})
}

// sum emits the sums of a tile.
func (k *tallKernel) sum(acc zmmAccumulators) {
	startAVX512(acc)
	k.fetchRows(len(acc))
	row := rowsOfA(len(acc), k.offsets(len(acc)))
	k.eachTerms("rows"+strconv.Itoa(len(acc)), zmmSize, func(n int, b, off reg.Register) {
		for t := range n {
			w := ZMM()
			PREFETCHT0(Mem{Base: b, Disp: t*zmmSize + prefetchAhead})
			VMOVUPS(Mem{Base: b, Disp: t * zmmSize}, w)
			acc.addTerm(func(r int) Mem { return Mem{Base: row[r], Index: off, Scale: 1, Disp: t * floatSize} }, w)
		}
	})
}

// startAVX512 sets every row of the tile to the bias, or to zero without one.
func startAVX512(acc zmmAccumulators) {
	VPXORD(acc[0], acc[0], acc[0])
	bias := load("Bias")
	TESTQ(bias, bias)
	skip(JEQ, func() { VMOVUPS(Mem{Base: bias}, acc[0]) })
	for _, x := range acc[1:] {
		VMOVAPS(acc[0], x)
	}
}
