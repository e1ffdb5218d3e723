package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blockBytes is the number of elements in a turn of a loop over a row.
const blockBytes = 64

// overRow emits a loop over left elements, 64 at a time and those that are left under a mask: body is called
// once, at the place of the elements in the row.
func overRow(left gp, body func(at gp, mask reg.Register)) {
	again, whole, done := uniqueLabel("row"), uniqueLabel("whole"), uniqueLabel("done")
	at, ones, mask := GP64(), GP64(), K()
	XORQ(at, at)
	MOVQ(I32(-1), ones)
	Label(again)
	CMPQ(left, U8(blockBytes))
	JGE(LabelRef(whole))
	TESTQ(left, left)
	JE(LabelRef(done))
	BZHIQ(left, ones, ones)
	Label(whole)
	KMOVQ(ones, mask)
	body(at, mask)
	ADDQ(U8(blockBytes), at)
	SUBQ(U8(blockBytes), left)
	JG(LabelRef(again))
	Label(done)
}

// quarters returns the masks of the four vectors of 16 elements.
func quarters(mask reg.Register) (list [4]reg.Register) {
	list[0] = mask
	for v := 1; v < 4; v++ {
		list[v] = K()
		KSHIFTRQ(U8(uint8(16*v)), mask, list[v])
	}
	return list
}

// all returns a number of 32 bits in all lanes.
func all(m Op) vec {
	x := ZMM()
	VPBROADCASTD(m, x)
	return x
}

// inOrder returns the permutation that brings packed vectors of 16 elements into their order.
func inOrder() vec {
	x := ZMM()
	VMOVDQU32(words("transposed", 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), x)
	return x
}

// widenedFloats returns 16 bytes of memory minus a zero point as float32.
func widenedFloats(m Mem, mask reg.Register, zero vec) vec {
	x := ZMM()
	VPMOVZXBD_Z(m, mask, x)
	VPSUBD(zero, x, x)
	VCVTDQ2PS(x, x)
	return x
}

// placeOf is the place of element at of a row, and disp bytes more.
func placeOf(base, at gp, size, disp int) Mem {
	return Mem{Base: base, Index: at, Scale: uint8(size), Disp: disp}
}

// params loads several parameters.
func params(names ...string) []gp {
	list := make([]gp, len(names))
	for i, name := range names {
		list[i] = Load(Param(name), GP64()).(gp)
	}
	return list
}

// rowLimits are the limits in a struct at o, whose fields are at these distances; least is the lower limit as float.
func rowLimits(o gp, low, high, zero int) (l limits, least vec) {
	l, least = limits{ZMM(), ZMM(), ZMM()}, all(Mem{Base: o, Disp: low})
	VBROADCASTSS(Mem{Base: o, Disp: high}, l.high)
	l.setBytes(Mem{Base: o, Disp: low}, Mem{Base: o, Disp: zero})
	return l, least
}

// finish rounds and packs four vectors, and stores them.
func (l limits) finish(list [4]vec, order vec, mask reg.Register, to Mem) {
	for _, x := range list {
		VMINPS(l.high, x, x)
		VCVTPS2DQ(x, x)
	}
	bytes := l.toBytes(ZMM, list[:])
	VPERMD(bytes, order, bytes)
	VMOVDQU8(bytes, mask, to)
}

func endFunction() {
	VZEROUPPER()
	RET()
}

// lookupAVX512 emits Lookup: two of the quarters of the table at a time, chosen by the highest bit.
func lookupAVX512() {
	TEXT("lookupAVX512", NOSPLIT, "func(dst, src *uint8, n int, table *[256]uint8)")
	p := params("dst", "src", "n", "table")
	var table [4]vec
	for i := range table {
		table[i] = ZMM()
		VMOVDQU8(Mem{Base: p[3], Disp: zmmSize * i}, table[i])
	}
	overRow(p[2], func(at gp, mask reg.Register) {
		x, y, upper := ZMM(), ZMM(), K()
		VMOVDQU8_Z(placeOf(p[1], at, 1, 0), mask, x)
		VMOVDQA64(x, y)
		VPMOVB2M(x, upper)
		VPERMI2B(table[1], table[0], x)
		VPERMI2B(table[3], table[2], upper, y) // only the lanes of the upper half are needed
		VMOVDQU8(y, upper, x)
		VMOVDQU8(x, mask, placeOf(p[0], at, 1, 0))
	})
	endFunction()
}

// addAVX512 emits Add.
func addAVX512() {
	TEXT("addAVX512", NOSPLIT, "func(dst, a, b *uint8, n int, o *Sum)")
	p := params("dst", "a", "b", "n", "o")
	o := p[4]
	scaleA, scaleB := all(Mem{Base: o}), all(Mem{Base: o, Disp: 4})
	zeroA, zeroB := all(Mem{Base: o, Disp: 8}), all(Mem{Base: o, Disp: 12})
	l, _ := rowLimits(o, 16, 20, 24)
	order := inOrder()
	overRow(p[3], func(at gp, mask reg.Register) {
		var list [4]vec
		for v, k := range quarters(mask) {
			x, y := widenedFloats(placeOf(p[1], at, 1, 16*v), k, zeroA), widenedFloats(placeOf(p[2], at, 1, 16*v), k, zeroB)
			VMULPS(scaleA, x, x)
			VMULPS(scaleB, y, y)
			VADDPS(y, x, x)
			list[v] = x
		}
		l.finish(list, order, mask, placeOf(p[0], at, 1, 0))
	})
	endFunction()
}

// quantizeAVX512 emits Quantize.
func quantizeAVX512() {
	TEXT("quantizeAVX512", NOSPLIT, "func(dst *uint8, src *float32, n int, o *Quantization)")
	p := params("dst", "src", "n", "o")
	scale, order := all(Mem{Base: p[3]}), inOrder()
	l, low := rowLimits(p[3], 4, 8, 12)
	overRow(p[2], func(at gp, mask reg.Register) {
		var list [4]vec
		for v, k := range quarters(mask) {
			x := ZMM()
			VMOVUPS_Z(placeOf(p[1], at, wordSize, zmmSize*v), k, x)
			VDIVPS(scale, x, x)
			VMAXPS(low, x, x) // of a NaN, low
			list[v] = x
		}
		l.finish(list, order, mask, placeOf(p[0], at, 1, 0))
	})
	endFunction()
}

// dequantizeAVX512 emits Dequantize.
func dequantizeAVX512() {
	TEXT("dequantizeAVX512", NOSPLIT, "func(dst *float32, src *uint8, n int, scale float32, zero int32)")
	p := params("dst", "src", "n")
	scale, zero := all(Load(Param("scale"), XMM())), all(Load(Param("zero"), GP32()))
	overRow(p[2], func(at gp, mask reg.Register) {
		for v, k := range quarters(mask) {
			x := widenedFloats(placeOf(p[1], at, 1, 16*v), k, zero)
			VMULPS(scale, x, x)
			VMOVUPS(x, k, placeOf(p[0], at, wordSize, zmmSize*v))
		}
	})
	endFunction()
}

// overPixels emits the loops over the pixels of a row and their channels: body emits 64 channels or those that a mask has,
// from the place at on of the pixels of source and result.
func overPixels(body func(dst, src, at gp, mask reg.Register)) {
	p := params("dst", "src", "n")
	again := uniqueLabel("pixel")
	Label(again)
	c := Load(Param("c"), GP64()).(gp)
	overRow(c, func(at gp, mask reg.Register) { body(p[0], p[1], at, mask) })
	dstStep, srcStep := Load(Param("dstStep"), GP64()), Load(Param("srcStep"), GP64())
	ADDQ(dstStep, p[0])
	ADDQ(srcStep, p[1])
	DECQ(p[2])
	JNE(LabelRef(again))
	endFunction()
}

// overTaps emits a loop over the taps of a window: body emits one, at place from on.
func overTaps(src, at gp, body func(from gp)) {
	p := params("taps", "count")
	start, from := GP64(), GP64()
	LEAQ(placeOf(src, at, 1, 0), start)
	again := uniqueLabel("tap")
	Label(again)
	MOVLQSX(Mem{Base: p[0]}, from)
	ADDQ(start, from)
	body(from)
	ADDQ(U8(wordSize), p[0])
	DECQ(p[1])
	JNE(LabelRef(again))
}

// maxRowAVX512 emits MaxRow.
func maxRowAVX512() {
	TEXT("maxRowAVX512", NOSPLIT, "func(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int)")
	overPixels(func(dst, src, at gp, mask reg.Register) {
		most := ZMM()
		VPXORD(most, most, most)
		overTaps(src, at, func(from gp) {
			x := ZMM()
			VMOVDQU8_Z(Mem{Base: from}, mask, x)
			VPMAXUB(x, most, most)
		})
		VMOVDQU8(most, mask, placeOf(dst, at, 1, 0))
	})
}

// averageRowAVX512 emits AverageRow.
func averageRowAVX512() {
	TEXT("averageRowAVX512", NOSPLIT, "func(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int, o *Average)")
	o := Load(Param("o"), GP64()).(gp)
	scale, bias, order := all(Mem{Base: o}), all(Mem{Base: o, Disp: 12}), inOrder()
	l, _ := rowLimits(o, 4, 8, 16)
	overPixels(func(dst, src, at gp, mask reg.Register) {
		var list [4]vec
		masks := quarters(mask)
		for v := range list {
			list[v] = ZMM()
			VMOVDQA32(bias, list[v])
		}
		overTaps(src, at, func(from gp) {
			for v, sum := range list {
				x := ZMM()
				VPMOVZXBD_Z(Mem{Base: from, Disp: 16 * v}, masks[v], x)
				VPADDD(x, sum, sum)
			}
		})
		for _, x := range list {
			VCVTDQ2PS(x, x)
			VMULPS(scale, x, x)
		}
		l.finish(list, order, mask, placeOf(dst, at, 1, 0))
	})
}
