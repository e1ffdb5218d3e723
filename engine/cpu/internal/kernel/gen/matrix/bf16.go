package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The kernels for bfloat16 are those of AVX-512 with another multiply-add: where a float32
// was, there are two bfloat16, and VDPBF16PS adds both products. Offsets, tiles and stores are
// the same. Neither avo nor Go's assembler knows the instructions of AVX512_BF16: the
// generator writes other ones with the same operands, and then puts the bytes in their
// place, see evex.go.

// generateBF16 writes the file of kernels for bfloat16.
func generateBF16() {
	tileAVX512("tilePairsAVX512")
	rowAVX512("rowPairsAVX512")
	outerAVX512("outerPairsAVX512")
	roundAVX512()
	roundRowsAVX512()
	peakPairsAVX512()
	Generate()
	if err := encodeFile(flag.Lookup("out").Value.String()); err != nil {
		log.Fatal(err)
	}
}

// round emits VCVTNE2PS2BF16: the floats of low are rounded to the lower half of to, those of
// high to the upper half. It is written as VPSHUFB.
func round(low Op, high, to reg.VecVirtual) { VPSHUFB(low, high, to) }

// roundAVX512 emits Round, 32 floats at a time and the last ones under masks.
func roundAVX512() {
	TEXT("roundAVX512", NOSPLIT, "func(dst, src *float32, n int)")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	low, high := ZMM(), ZMM()
	SUBQ(Imm(2*zmmLanes), n)
	JLT(LabelRef("rest"))
	Label("block")
	VMOVUPS(Mem{Base: src, Disp: zmmSize}, high)
	round(Mem{Base: src}, high, low)
	VMOVUPS(low, Mem{Base: dst})
	ADDQ(Imm(2*zmmSize), src)
	ADDQ(Imm(zmmSize), dst)
	SUBQ(Imm(2*zmmLanes), n)
	JGE(LabelRef("block"))

	Label("rest")
	ADDQ(Imm(2*zmmLanes), n)
	JEQ(LabelRef("done"))
	ones, bits := GP64(), GP64()
	MOVQ(I32(-1), ones)
	BZHIQ(n, ones, bits)
	first, second, pairs := K(), K(), K()
	KMOVW(bits.As32(), first)
	SHRQ(Imm(zmmLanes), bits)
	KMOVW(bits.As32(), second)
	INCQ(n)
	SHRQ(Imm(1), n)
	BZHIQ(n, ones, bits)
	KMOVW(bits.As32(), pairs)
	VMOVUPS_Z(Mem{Base: src}, first, low)
	VMOVUPS_Z(Mem{Base: src, Disp: zmmSize}, second, high)
	round(low, high, low)
	VMOVUPS(low, pairs, Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
}

// roundRowsAVX512 emits RoundRows, 16 columns at a time and the last ones under masks. A
// permutation puts the two rows of a column side by side.
func roundRowsAVX512() {
	TEXT("roundRowsAVX512", NOSPLIT, "func(dst, even, odd *float32, n int)")
	dst, even, odd, n := Load(Param("dst"), GP64()), Load(Param("even"), GP64()), Load(Param("odd"), GP64()), Load(Param("n"), GP64())
	const wordSize = 2
	table := GLOBL("sideBySide", 8|16) // read-only, without pointers
	for i := range 2 * zmmLanes {
		DATA(i*wordSize, U16(uint16(i/2+i%2*zmmLanes)))
	}
	order, x, y := ZMM(), ZMM(), ZMM()
	VMOVUPS(table, order)
	SUBQ(Imm(zmmLanes), n)
	JLT(LabelRef("rest"))
	Label("block")
	VMOVUPS(Mem{Base: odd}, y)
	round(Mem{Base: even}, y, x)
	VPERMW(x, order, x)
	VMOVUPS(x, Mem{Base: dst})
	ADDQ(Imm(zmmSize), even)
	ADDQ(Imm(zmmSize), odd)
	ADDQ(Imm(zmmSize), dst)
	SUBQ(Imm(zmmLanes), n)
	JGE(LabelRef("block"))

	Label("rest")
	ADDQ(Imm(zmmLanes), n)
	JEQ(LabelRef("done"))
	ones, mask := GP32(), K()
	MOVL(I32(-1), ones)
	BZHIL(n.(reg.GP).As32(), ones, ones)
	KMOVW(ones, mask)
	VMOVUPS_Z(Mem{Base: even}, mask, x)
	VMOVUPS_Z(Mem{Base: odd}, mask, y)
	round(x, y, x)
	VPERMW(x, order, x)
	VMOVUPS(x, mask, Mem{Base: dst})
	Label("done")
	VZEROUPPER()
	RET()
}

// peakPairsAVX512 emits the loop that measures the limit of sums of pairs: 12 chains of a
// vector each, that grow by 2 a turn.
func peakPairsAVX512() {
	TEXT("peakPairsAVX512", NOSPLIT, "func(iters int) float32")
	n := Load(Param("iters"), GP64())
	one, g := ZMM(), GP32()
	MOVL(U32(0x3f803f80), g)
	VPBROADCASTD(g, one)
	sums := newZMMAccumulators(12)
	for _, s := range sums {
		VPXORD(s, s, s)
	}
	TESTQ(n, n)
	JLE(LabelRef("done"))
	Label("turn")
	for _, s := range sums {
		VFMADD231PS(one, one, s)
	}
	DECQ(n)
	JNE(LabelRef("turn"))

	Label("done")
	for _, s := range sums[1:] {
		VADDPS(s, sums[0], sums[0])
	}
	Store(sums[0].AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
