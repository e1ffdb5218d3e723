package main

import (
	"log"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tapSize is the size of a vec.Tap, two int32.
const tapSize = 8

// address returns where a parameter lies, for those that are used too seldom to
// deserve a register.
func address(name string) Mem {
	p, err := Param(name).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return p.Addr
}

// depthwiseKernels emits DepthwiseRow and DepthwiseGradRow. Steps are in bytes.
func depthwiseKernels() {
	depthwiseRow()
	depthwiseRowAVX512()
	for _, width := range []int{3, 5} {
		for _, stride := range []int{1, 2} {
			depthwiseWindowsAVX512(width, stride)
		}
	}
	depthwiseGradRow()
}

// depthwiseRow emits DepthwiseRow: for each two pixels, and the last one, and
// each block of channels, a loop over the taps. Two pixels share the weights, so
// that there are three loads for two multiply-adds and not four.
func depthwiseRow() {
	function("depthwiseRowSIMD", "(dst, src, w, bias *float32, taps *int32, count, n, dstStep, srcStep, c int, bounds *float32)")
	dst, src, w := param("dst"), param("src"), param("w")
	channels := newRow(param("c"))
	Label("pairs")
	CMPQ(address("n"), U8(2))
	JLT(LabelRef("single"))
	second, to := GP64(), GP64()
	MOVQ(src, second)
	ADDQ(address("srcStep"), second)
	MOVQ(dst, to)
	ADDQ(address("dstStep"), to)
	depthwisePixels("pair", channels, w, []gp{src, second}, []gp{dst, to})
	MOVQ(to, dst)
	ADDQ(address("dstStep"), dst)
	MOVQ(second, src)
	ADDQ(address("srcStep"), src)
	SUBQ(U8(2), address("n"))
	JMP(LabelRef("pairs"))

	Label("single")
	TESTQ(U32(1), address("n"))
	JEQ(LabelRef("done"))
	depthwisePixels("pixel", channels, w, []gp{src}, []gp{dst})
	Label("done")
	finish()
}

// depthwisePixels emits the sums of some pixels.
func depthwisePixels(label string, channels *row, w gp, src, dst []gp) {
	overRowBlocks(label, channels, 4, func(block []span) {
		sums := make([][]vec, len(src)) // by pixel and vector
		bias := param("bias")
		for p := range src {
			for _, s := range block {
				sums[p] = append(sums[p], s.load(bias))
			}
		}
		label := block[0].label + "_taps"
		next, left := param("taps"), param("count")
		TESTQ(left, left)
		JLE(LabelRef(label + "_done"))
		Label(label)
		from, weight := GP64(), GP64()
		MOVLQSX(Mem{Base: next}, from)
		MOVLQSX(Mem{Base: next, Disp: 4}, weight)
		ADDQ(block[0].at, from)
		ADDQ(block[0].at, weight)
		for v, s := range block {
			here := span{at: weight, disp: s.disp, tail: s.tail}.load(w)
			for p := range src {
				accumulate(sums[p][v], here, span{at: from, disp: s.disp, tail: s.tail}.operand(src[p]))
			}
		}
		ADDQ(U8(tapSize), next)
		DECQ(left)
		JNE(LabelRef(label))
		Label(label + "_done")
		limit(label, param("bounds"), slices.Concat(sums...), YMM(), YMM())
		for p := range src {
			for v, s := range block {
				s.store(sums[p][v], dst[p])
			}
		}
	})
}

// limit emits, if bounds is not nil, that sums become at least the first and at most the
// second of its numbers. A NaN stays one.
func limit(label string, bounds gp, sums []reg.VecVirtual, low, high reg.VecVirtual) {
	TESTQ(bounds, bounds)
	JEQ(LabelRef(label + "_limited"))
	VBROADCASTSS(Mem{Base: bounds}, low)
	VBROADCASTSS(Mem{Base: bounds, Disp: floatSize}, high)
	for _, x := range sums {
		VMAXPS(x, low, x)
		VMINPS(x, high, x)
	}
	Label(label + "_limited")
}

// depthwiseGradRow emits DepthwiseGradRow: for each tap and each block of
// channels, a loop over the pixels.
func depthwiseGradRow() {
	function("depthwiseGradRowSIMD", "(dw, x, dy *float32, taps *int32, count, n, xStep, c int)")
	dw, x, dy, next := param("dw"), param("x"), param("dy"), param("taps")
	channels := newRow(param("c"))
	Label("taps")
	from, weight := GP64(), GP64()
	MOVLQSX(Mem{Base: next}, from)
	MOVLQSX(Mem{Base: next, Disp: 4}, weight)
	LEAQ(Mem{Base: x, Index: from, Scale: floatSize}, from)
	LEAQ(Mem{Base: dw, Index: weight, Scale: floatSize}, weight)
	overRowBlocks("channels", channels, 4, func(block []span) {
		sums := make([]vec, len(block))
		for v, s := range block {
			sums[v] = s.load(weight)
		}
		px, pdy, left := GP64(), GP64(), param("n")
		MOVQ(from, px)
		MOVQ(dy, pdy)
		label := block[0].label + "_pixels"
		Label(label)
		for v, s := range block {
			accumulate(sums[v], s.load(px), s.operand(pdy))
		}
		ADDQ(address("xStep"), px)
		LEAQ(Mem{Base: pdy, Index: channels.n, Scale: floatSize}, pdy)
		DECQ(left)
		JNE(LabelRef(label))
		for v, s := range block {
			s.store(sums[v], weight)
		}
	})
	ADDQ(U8(tapSize), next)
	DECQ(address("count"))
	JNE(LabelRef("taps"))
	finish()
}
