package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The kernels of rows with AVX2 compute 16 elements at a time, no fewer.
const narrowBlock = 16

// allAVX2 returns a number of 32 bits in all lanes.
func allAVX2(m Op) vec {
	x := YMM()
	VPBROADCASTD(m, x)
	return x
}

// floatsOf16 returns 16 bytes of memory minus a zero point as float32.
func floatsOf16(m Mem, zero vec) (list [2]vec) {
	for v := range list {
		x := YMM()
		VPMOVZXBD(m.Offset(8*v), x)
		VPSUBD(zero, x, x)
		VCVTDQ2PS(x, x)
		list[v] = x
	}
	return list
}

// overBlocks emits a loop over n elements, a multiple of 16.
func overBlocks(n gp, body func(at gp)) {
	at := GP64()
	XORQ(at, at)
	again := uniqueLabel("block")
	Label(again)
	body(at)
	ADDQ(U8(narrowBlock), at)
	CMPQ(at, n)
	JLT(LabelRef(again))
	endFunction()
}

func addAVX2() {
	TEXT("addSIMD", NOSPLIT, "func(dst, a, b *uint8, n int, o *Sum)")
	p := params("dst", "a", "b", "n", "o")
	o := p[4]
	scaleA, scaleB := allAVX2(Mem{Base: o}), allAVX2(Mem{Base: o, Disp: 4})
	zeroA, zeroB := allAVX2(Mem{Base: o, Disp: 8}), allAVX2(Mem{Base: o, Disp: 12})
	l := newNarrowLimits(Mem{Base: o, Disp: 16}, Mem{Base: o, Disp: 20}, Mem{Base: o, Disp: 24})
	overBlocks(p[3], func(at gp) {
		x, y := floatsOf16(placeOf(p[1], at, 1, 0), zeroA), floatsOf16(placeOf(p[2], at, 1, 0), zeroB)
		for v := range x {
			VMULPS(scaleA, x[v], x[v])
			VMULPS(scaleB, y[v], y[v])
			VADDPS(y[v], x[v], x[v])
		}
		VMOVDQU(l.pack(x), placeOf(p[0], at, 1, 0))
	})
}

func quantizeAVX2() {
	TEXT("quantizeSIMD", NOSPLIT, "func(dst *uint8, src *float32, n int, o *Quantization)")
	p := params("dst", "src", "n", "o")
	scale, low := allAVX2(Mem{Base: p[3]}), allAVX2(Mem{Base: p[3], Disp: 4})
	l := newNarrowLimits(Mem{Base: p[3], Disp: 4}, Mem{Base: p[3], Disp: 8}, Mem{Base: p[3], Disp: 12})
	overBlocks(p[2], func(at gp) {
		var list [2]vec
		for v := range list {
			x := YMM()
			VMOVUPS(placeOf(p[1], at, wordSize, ymmSize*v), x)
			VDIVPS(scale, x, x)
			VMAXPS(low, x, x) // of a NaN, low
			list[v] = x
		}
		VMOVDQU(l.pack(list), placeOf(p[0], at, 1, 0))
	})
}

func dequantizeAVX2() {
	TEXT("dequantizeSIMD", NOSPLIT, "func(dst *float32, src *uint8, n int, scale float32, zero int32)")
	p := params("dst", "src", "n")
	x := XMM()
	MOVD(Load(Param("zero"), GP32()), x)
	scale, zero := allAVX2(Load(Param("scale"), XMM())), allAVX2(x)
	overBlocks(p[2], func(at gp) {
		for v, x := range floatsOf16(placeOf(p[1], at, 1, 0), zero) {
			VMULPS(scale, x, x)
			VMOVUPS(x, placeOf(p[0], at, wordSize, ymmSize*v))
		}
	})
}

// overPixels16 emits the loops over the pixels of a row and their channels, of which there are at least 16: body emits 16, the last
// ones some of them once more.
func overPixels16(body func(dst, src, at gp)) {
	p := params("dst", "src", "n")
	pixel, again, done := uniqueLabel("pixel"), uniqueLabel("channels"), uniqueLabel("done")
	Label(pixel)
	at, last := GP64(), Load(Param("c"), GP64()).(gp)
	SUBQ(U8(narrowBlock), last)
	XORQ(at, at)
	Label(again)
	body(p[0], p[1], at)
	CMPQ(at, last)
	JE(LabelRef(done))
	ADDQ(U8(narrowBlock), at)
	CMPQ(at, last)
	CMOVQGT(last, at)
	JMP(LabelRef(again))
	Label(done)
	dstStep, srcStep := Load(Param("dstStep"), GP64()), Load(Param("srcStep"), GP64())
	ADDQ(dstStep, p[0])
	ADDQ(srcStep, p[1])
	DECQ(p[2])
	JNE(LabelRef(pixel))
	endFunction()
}

func maxRowAVX2() {
	TEXT("maxRowSIMD", NOSPLIT, "func(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int)")
	overPixels16(func(dst, src, at gp) {
		most := XMM()
		VPXOR(most, most, most)
		overTaps(src, at, func(from gp) { VPMAXUB(Mem{Base: from}, most, most) })
		VMOVDQU(most, placeOf(dst, at, 1, 0))
	})
}

func averageRowAVX2() {
	TEXT("averageRowSIMD", NOSPLIT, "func(dst, src *uint8, taps *int32, count, n, dstStep, srcStep, c int, o *Average)")
	o := Load(Param("o"), GP64()).(gp)
	scale, bias := allAVX2(Mem{Base: o}), allAVX2(Mem{Base: o, Disp: 12})
	l := newNarrowLimits(Mem{Base: o, Disp: 4}, Mem{Base: o, Disp: 8}, Mem{Base: o, Disp: 16})
	overPixels16(func(dst, src, at gp) {
		var list [2]vec
		for v := range list {
			list[v] = YMM()
			VMOVDQA(bias, list[v])
		}
		overTaps(src, at, func(from gp) {
			for v, sum := range list {
				x := YMM()
				VPMOVZXBD(Mem{Base: from, Disp: 8 * v}, x)
				VPADDD(x, sum, sum)
			}
		})
		for _, x := range list {
			VCVTDQ2PS(x, x)
			VMULPS(scale, x, x)
		}
		VMOVDQU(l.pack(list), placeOf(dst, at, 1, 0))
	})
}

// depthwiseAVX2 emits Depthwise for 16 or 32 channels, as many as a vector has bytes, which are four vectors once their rows
// are interleaved. The columns of a window are a loop.
func depthwiseAVX2(name string, vector func() vec) {
	TEXT(name, 0, "func(b *DepthwiseArgs)")
	quads, left, src, dst, least := AllocLocal(8), AllocLocal(8), AllocLocal(8), AllocLocal(8), AllocLocal(ymmSize)
	MOVQ(field("Src"), src)
	MOVQ(field("Dst"), dst)
	MOVQ(field("N"), left)
	out := field("Output")
	x := vector()
	low := GP32()
	VCVTSS2SI(Mem{Base: out, Disp: outLow}, low)
	ADDL(Mem{Base: out, Disp: outZero}, low)
	MOVD(low, x.AsX())
	VPBROADCASTB(x.AsX(), x)
	VMOVDQU(x, least)

	Label("window")
	var acc [4]vec
	bias, lanes := field("Bias"), field("lanes")
	for i := range acc {
		acc[i] = vector()
		VMOVDQU(Mem{Base: bias}, acc[i])
		if i < 3 {
			ADDQ(lanes, bias)
		}
	}
	w, rows := field("W"), field("RowOff")
	LEAQ(Mem{Base: w, Index: lanes, Scale: 4}, w)
	MOVQ(field("Quads"), quads)
	Label("quads")
	var row [4]gp
	first := GP64()
	MOVQ(src, first)
	for y := range row {
		row[y] = GP64()
		MOVLQSX(Mem{Base: rows, Disp: wordSize * y}, row[y])
		ADDQ(first, row[y])
	}
	columns := field("Width")
	Label("column")
	var bytes, pairs, q [4]vec
	step := field("SrcStep")
	for y := range bytes {
		bytes[y], pairs[y], q[y] = vector(), vector(), vector()
		VMOVDQU(Mem{Base: row[y]}, bytes[y])
		ADDQ(step, row[y])
	}
	VPUNPCKLBW(bytes[1], bytes[0], pairs[0])
	VPUNPCKHBW(bytes[1], bytes[0], pairs[1])
	VPUNPCKLBW(bytes[3], bytes[2], pairs[2])
	VPUNPCKHBW(bytes[3], bytes[2], pairs[3])
	VPUNPCKLWD(pairs[2], pairs[0], q[0])
	VPUNPCKHWD(pairs[2], pairs[0], q[1])
	VPUNPCKLWD(pairs[3], pairs[1], q[2])
	VPUNPCKHWD(pairs[3], pairs[1], q[3])
	for i, x := range q {
		even, odd, high := vector(), vector(), vector()
		VMOVDQU(Mem{Base: w}, odd)
		VPSLLW(U8(8), odd, even)
		VPSRAW(U8(8), even, even)
		VPSRAW(U8(8), odd, odd)
		VPSRLW(U8(8), x, high)
		VPAND(evenBytes(), x, x)
		VPMADDWD(even, x, x)
		VPMADDWD(odd, high, high)
		VPADDD(x, acc[i], acc[i])
		VPADDD(high, acc[i], acc[i])
		ADDQ(lanes, w)
	}
	DECQ(columns)
	JNE(LabelRef("column"))
	ADDQ(U8(4*wordSize), rows)
	DECQ(quads)
	JNE(LabelRef("quads"))

	out = field("Output")
	scale := field("scale")
	high, zero := vector(), vector()
	VBROADCASTSS(Mem{Base: out, Disp: outHigh}, high)
	VPBROADCASTW(Mem{Base: out, Disp: outZero}, zero)
	for i, x := range acc {
		VCVTDQ2PS(x, x)
		VMULPS(Mem{Base: scale}, x, x)
		VMINPS(high, x, x)
		VCVTPS2DQ(x, x)
		if i < 3 {
			ADDQ(lanes, scale)
		}
	}
	VPACKSSDW(acc[1], acc[0], acc[0])
	VPACKSSDW(acc[3], acc[2], acc[2])
	VPADDSW(zero, acc[0], acc[0])
	VPADDSW(zero, acc[2], acc[2])
	VPACKUSWB(acc[2], acc[0], acc[0])
	VPMAXUB(least, acc[0], acc[0])
	to, next := GP64(), field("window")
	MOVQ(dst, to)
	VMOVDQU(acc[0], Mem{Base: to})
	ADDQ(field("DstStep"), dst)
	ADDQ(next, src)
	DECQ(left)
	JNE(LabelRef("window"))
	endFunction()
}
