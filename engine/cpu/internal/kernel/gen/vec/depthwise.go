package main

import (
	"log"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// tapSize is the size of a kernel.Tap, two int32.
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
	depthwiseGradRow()
}

// depthwiseRow emits DepthwiseRow: for each pixel and each block of channels, a
// loop over the taps.
func depthwiseRow() {
	function("depthwiseRowAVX2", "(dst, src, w, bias *float32, taps *int32, count, n, dstStep, srcStep, c int)", "is the assembly of [DepthwiseRow].")
	dst, src, w := param("dst"), param("src"), param("w")
	channels := newRow(param("c"))
	Label("pixels")
	overRowBlocks("channels", channels, 4, func(block []span) {
		sums := make([]vec, len(block))
		bias := param("bias")
		for v, s := range block {
			sums[v] = s.load(bias)
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
			x := span{at: from, disp: s.disp, tail: s.tail}.load(src)
			accumulate(sums[v], x, span{at: weight, disp: s.disp, tail: s.tail}.operand(w))
		}
		ADDQ(U8(tapSize), next)
		DECQ(left)
		JNE(LabelRef(label))
		Label(label + "_done")
		for v, s := range block {
			s.store(sums[v], dst)
		}
	})
	ADDQ(address("dstStep"), dst)
	ADDQ(address("srcStep"), src)
	DECQ(address("n"))
	JNE(LabelRef("pixels"))
	finish()
}

// depthwiseGradRow emits DepthwiseGradRow: for each tap and each block of
// channels, a loop over the pixels.
func depthwiseGradRow() {
	function("depthwiseGradRowAVX2", "(dw, x, dy *float32, taps *int32, count, n, xStep, c int)", "is the assembly of [DepthwiseGradRow].")
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
