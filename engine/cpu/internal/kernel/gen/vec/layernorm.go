package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// layerNormKernels emits layer normalization and its gradient.
func layerNormKernels() {
	function("momentsSIMD", "(mean, m2, x *float32, rows, n int, inverse float32)")
	mean, m2, x := param("mean"), param("m2"), param("x")
	rows, r := param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{x}, func() {
		m := sumOfRow("mean", r, 4, func(sum vec, s span) { VADDPS(s.operand(x), sum, sum) })
		VMULSS(parameter("inverse"), m.AsX(), m.AsX())
		storeNext(m, mean)
		VBROADCASTSS(m.AsX(), m)
		squares := sumOfRow("squares", r, 4, func(sum vec, s span) {
			d := s.keep(minus(s.load(x), m), nil)
			accumulate(sum, d, d)
		})
		storeNext(squares, m2)
	})
	finish()

	function("normaliseEachRowSIMD", "(dst, x, gamma, beta, mean, inv *float32, rows, n int)")
	dst, x, gamma, beta := param("dst"), param("x"), param("gamma"), param("beta")
	mean, inv := param("mean"), param("inv")
	rows, r = param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{dst, x}, func() {
		m, scale := broadcastMem(Mem{Base: mean}), broadcastMem(Mem{Base: inv})
		ADDQ(U8(floatSize), mean)
		ADDQ(U8(floatSize), inv)
		overRow("row", r, 2, func(s span) {
			s.store(fma(times(minus(s.load(x), m), scale), s.load(gamma), s.operand(beta)), dst)
		})
	})
	finish()

	function("dotEachRowSIMD", "(sums, products, dy, x, gamma, mean *float32, rows, n int)")
	sums, products, dy, x, gamma := param("sums"), param("products"), param("dy"), param("x"), param("gamma")
	mean = param("mean")
	rows, r = param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{dy, x}, func() {
		m := broadcastMem(Mem{Base: mean})
		ADDQ(U8(floatSize), mean)
		sum, product := zeros(2), zeros(2)
		overRowBlocks("row", r, 2, func(block []span) {
			for i, s := range block {
				g := times(s.load(dy), s.operand(gamma))
				VADDPS(g, sum[i], sum[i])
				accumulate(product[i], g, minus(s.load(x), m))
			}
		})
		storeNext(fold(VADDPS, addUp(sum)), sums)
		storeNext(fold(VADDPS, addUp(product)), products)
	})
	finish()

	function("layerNormGradRowsSIMD", "(dst, dy, x, gamma, moments *float32, rows, n int)")
	dst, dy, x, gamma = param("dst"), param("dy"), param("x"), param("gamma")
	moments := param("moments")
	rows, r = param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{dst, dy, x}, func() {
		var c []vec // mean, inv, a, b
		for i := range 4 {
			c = append(c, broadcastMem(Mem{Base: moments, Disp: i * coef.RowBlock * floatSize}))
		}
		ADDQ(U8(floatSize), moments)
		overRow("row", r, 2, func(s span) {
			d := minus(times(s.load(dy), s.operand(gamma)), c[2])
			reduce(d, minus(s.load(x), c[0]), c[3])
			s.store(times(d, c[1]), dst)
		})
	})
	finish()
}

// sumOfRow leaves the sum over a row in the lowest lane of the result. add adds the
// lanes of a span to a partial sum: unroll vectors go to sums of their own, what is
// left to the first one.
func sumOfRow(label string, r *row, unroll int, add func(sum vec, s span)) vec {
	sums := zeros(unroll)
	overRowBlocks(label, r, unroll, func(block []span) {
		for i, s := range block {
			add(sums[i], s)
		}
	})
	return fold(VADDPS, addUp(sums))
}

// storeNext stores the lowest lane of v at p and moves p on.
func storeNext(v vec, p gp) {
	VMOVSS(v.AsX(), Mem{Base: p})
	ADDQ(U8(floatSize), p)
}
