package main

import "github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"

// layerNormKernels emits layer normalization and its gradient.
func layerNormKernels() {
	function("momentsSIMD", "(mean, m2, x *float32, rows, n int, inverse float32)")
	mean, m2, x := argument("mean"), argument("m2"), argument("x")
	rows, n, inverse := argument("rows"), argument("n"), broadcast("inverse")
	overRows("rows", rows, n, []gp{x}, func() {
		sums := zeros(8)
		overRow("mean", n, len(sums), func(b block) {
			for i, v := range b.in(x).load() {
				lanewise(fadd, sums[i], sums[i], v)
			}
		})
		m := times(spread(sumOfLanes(addUp(sums)), 0), inverse)
		storeNext(m, mean)
		squares := zeros(8)
		overRow("squares", n, len(squares), func(b block) {
			for i, v := range b.in(x).load() {
				d := b.keep(minus(v, m))
				accumulate(squares[i], d, d)
			}
		})
		storeNext(sumOfLanes(addUp(squares)), m2)
	})
	finish()

	function("normaliseEachRowSIMD", "(dst, x, gamma, beta, mean, inv *float32, rows, n int)")
	dst, x, gamma, beta := argument("dst"), argument("x"), argument("gamma"), argument("beta")
	mean, inv, rows, n := argument("mean"), argument("inv"), argument("rows"), argument("n")
	overRows("rows", rows, n, []gp{dst, x}, func() {
		m, scale := next(mean), next(inv)
		overRow("row", n, 4, func(b block) {
			in := loadAll(b, []gp{x, gamma, beta})
			for i, v := range in[0] {
				accumulate(in[2][i], times(minus(v, m), scale), in[1][i])
			}
			b.in(dst).store(in[2])
		})
	})
	finish()

	function("dotEachRowSIMD", "(sums, products, dy, x, gamma, mean *float32, rows, n int)")
	totals, products, dy, x := argument("sums"), argument("products"), argument("dy"), argument("x")
	gamma, mean, rows, n = argument("gamma"), argument("mean"), argument("rows"), argument("n")
	overRows("rows", rows, n, []gp{dy, x}, func() {
		m := next(mean)
		sum, product := zeros(4), zeros(4)
		overRow("row", n, len(sum), func(b block) {
			in := loadAll(b, []gp{dy, gamma, x})
			for i := range b.vectors {
				g := times(in[0][i], in[1][i])
				lanewise(fadd, sum[i], sum[i], g)
				accumulate(product[i], g, minus(in[2][i], m))
			}
		})
		storeNext(sumOfLanes(addUp(sum)), totals)
		storeNext(sumOfLanes(addUp(product)), products)
	})
	finish()

	function("layerNormGradRowsSIMD", "(dst, dy, x, gamma, moments *float32, rows, n int)")
	dst, dy, x, gamma = argument("dst"), argument("dy"), argument("x"), argument("gamma")
	moments := argument("moments")
	rows, n = argument("rows"), argument("n")
	overRows("rows", rows, n, []gp{dst, dy, x}, func() {
		var c []vec // mean, inv, a, b
		at := copyOf(moments)
		for range 4 {
			v := newVec()
			ins("VLD1R", mem{base: at}, v.list("S4"))
			ins("ADD", imm(coef.RowBlock*floatSize), at)
			c = append(c, v)
		}
		ins("ADD", imm(floatSize), moments)
		overRow("row", n, 4, func(b block) {
			in := loadAll(b, []gp{dy, gamma, x})
			var list []vec
			for i := range b.vectors {
				d := minus(times(in[0][i], in[1][i]), c[2])
				reduce(d, minus(in[2][i], c[0]), c[3])
				list = append(list, times(d, c[1]))
			}
			b.in(dst).store(list)
		})
	})
	finish()
}

// storeNext stores the lowest lane of v at p and moves p on.
func storeNext(v vec, p gp) { ins("FMOVS.P", v.scalar(), mem{base: p, disp: floatSize}) }
