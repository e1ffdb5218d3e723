package main

// tapSize is the size of a vec.Tap, two int32.
const tapSize = 2 * offsetSize

// depthwiseKernels emits DepthwiseRow and DepthwiseGradRow. Steps are in bytes.
func depthwiseKernels() {
	depthwiseRow()
	depthwiseGradRow()
}

// depthwiseRow emits DepthwiseRow: for each pixel and each block of channels, a
// loop over the taps.
func depthwiseRow() {
	function("depthwiseRowSIMD", "(dst, src, w, bias *float32, taps *int32, count, n, dstStep, srcStep, c int, bounds *float32)")
	dst, src, w, bias, taps := argument("dst"), argument("src"), argument("w"), argument("bias"), argument("taps")
	count, pixels, channels := argument("count"), argument("n"), argument("c")
	dstStep, srcStep, bounds := argument("dstStep"), argument("srcStep"), argument("bounds")
	label("pixels")
	overRow("channels", channels, 4, func(b block) {
		sums := b.in(bias).load()
		next, left := copyOf(taps), copyOf(count)
		again, done := fresh("taps"), fresh("tapsDone")
		jump("CBZ", done, left)
		label(again)
		from, weight := b.tap(next)
		ins("ADD", imm(tapSize), next)
		values := from.in(src).load()
		for v, factor := range weight.in(w).load() {
			accumulate(sums[v], values[v], factor)
		}
		ins("SUB", imm(1), left)
		jump("CBNZ", again, left)
		label(done)
		limit(bounds, sums)
		b.in(dst).store(sums)
	})
	ins("ADD", dstStep, dst)
	ins("ADD", srcStep, src)
	ins("SUB", imm(1), pixels)
	jump("CBNZ", "pixels", pixels)
	finish()
}

// limit changes sums, if bounds is not nil, to at least the first and at most the second of
// its numbers. A NaN stays one, and so does −0 where the first number is 0.
func limit(bounds gp, sums []vec) {
	done := fresh("limited")
	jump("CBZ", done, bounds)
	at := copyOf(bounds)
	low, high := newVec(), newVec()
	ins("VLD1R.P", mem{base: at, disp: floatSize}, low.list("S4"))
	ins("VLD1R", mem{base: at}, high.list("S4"))
	for _, v := range sums {
		move(choose(above(low, v), low, v), v)
		lanewise(fmin, v, v, high)
	}
	label(done)
}

// tap returns where the block lies in the tap at p, and in its weights.
func (b block) tap(p gp) (source, weight block) {
	source, weight = b, b
	source.at, weight.at = newGP(), newGP()
	for disp, at := range []gp{source.at, weight.at} {
		ins("MOVW", mem{base: p, disp: disp * offsetSize}, at)
		ins("ADD", shifted{at, 2}, b.at, at)
	}
	return source, weight
}

// depthwiseGradRow emits DepthwiseGradRow: for each tap and each block of
// channels, a loop over the pixels.
func depthwiseGradRow() {
	function("depthwiseGradRowSIMD", "(dw, x, dy *float32, taps *int32, count, n, xStep, c int)")
	dw, x, dy, next := argument("dw"), argument("x"), argument("dy"), argument("taps")
	count, pixels, channels, xStep := argument("count"), argument("n"), argument("c"), argument("xStep")
	label("taps")
	overRow("channels", channels, 4, func(b block) {
		source, weight := b.tap(next)
		to := weight.in(dw)
		sums := to.load()
		px, pdy, left := source.in(x), b.in(dy), copyOf(pixels)
		again := fresh("pixels")
		label(again)
		values := px.load()
		for v, g := range pdy.load() {
			accumulate(sums[v], values[v], g)
		}
		ins("ADD", xStep, px.first)
		ins("ADD", shifted{channels, 2}, pdy.first)
		ins("SUB", imm(1), left)
		jump("CBNZ", again, left)
		to.store(sums)
	})
	ins("ADD", imm(tapSize), next)
	ins("SUB", imm(1), count)
	jump("CBNZ", "taps", count)
	finish()
}
