package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// interleave returns even and odd samples, in 16-bit lanes, as bytes.
func interleave(even, odd vec) vec {
	odd = left16(8, odd)
	VPOR(even, odd, odd)
	return odd
}

// upsampleH2V1 emits the upsampling of n samples that have a neighbour on both sides.
func upsampleH2V1() {
	function("upsampleH2V1SIMD", "(dst, src *uint8, n int)")
	dst, src, n := param("dst"), param("src"), param("n")
	weights := load(octets(3, 1))
	overRow(n, func(at gp) {
		left, middle, right := load(sample(src, at, -1)), load(sample(src, at, 0)), load(sample(src, at, 1))
		var out [2]vec
		for half, unpack := range halves {
			even := right16u(2, plus16(multiplyBytes(unpack(middle, left), weights), words(1)))
			odd := right16u(2, plus16(multiplyBytes(unpack(middle, right), weights), words(2)))
			out[half] = interleave(even, odd)
		}
		storeHalves(out, func(disp int) Mem { return Mem{Base: dst, Index: at, Scale: 2, Disp: disp} })
	})
	finish()
}

// upsampleH2V2 is the same for the weighted sums of two rows.
func upsampleH2V2() {
	function("upsampleH2V2SIMD", "(dst, near, far *uint8, n int)")
	dst, near, far, n := param("dst"), param("near"), param("far"), param("n")
	weights := load(octets(3, 1))
	overRow(n, func(at gp) {
		var near3, far3 [3]vec
		for i := range near3 {
			near3[i], far3[i] = load(sample(near, at, i-1)), load(sample(far, at, i-1))
		}
		var out [2]vec
		for half, unpack := range halves {
			var sum [3]vec
			for i := range sum {
				sum[i] = multiplyBytes(unpack(near3[i], far3[i]), weights)
			}
			middle := plus16(plus16(sum[1], sum[1]), sum[1])
			even := right16u(4, plus16(plus16(middle, sum[0]), words(8)))
			odd := right16u(4, plus16(plus16(middle, sum[2]), words(7)))
			out[half] = interleave(even, odd)
		}
		storeHalves(out, func(disp int) Mem { return Mem{Base: dst, Index: at, Scale: 2, Disp: disp} })
	})
	finish()
}

func upsampleH1V2() {
	function("upsampleH1V2SIMD", "(dst, near, far *uint8, bias, n int)")
	dst, near, far, n := param("dst"), param("near"), param("far"), param("n")
	bias := YMM()
	VMOVQ(param("bias"), bias.AsX())
	VPBROADCASTW(bias.AsX(), bias)
	overRow(n, func(at gp) {
		a, b := load(sample(near, at, 0)), load(sample(far, at, 0))
		var out [2]vec
		for half, unpack := range halves {
			out[half] = right16u(2, plus16(multiplyBytes(unpack(a, b), octets(3, 1)), bias))
		}
		VMOVDQU(packUnsigned(out[0], out[1]), sample(dst, at, 0))
	})
	finish()
}
