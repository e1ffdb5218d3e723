package main

// poolArgs are the parameters that all pooling kernels end with.
const poolArgs = "tapOff *int32, taps, n, stride, c int"

// A window walks over the output pixels of a row and the taps of their windows.
type window struct {
	offsets  gp // where the offsets of the taps are
	taps     gp // how many there are
	stride   gp // in bytes
	pixels   gp
	channels gp
}

// newWindow loads the parameters.
func newWindow() *window {
	w := &window{argument("tapOff"), argument("taps"), argument("stride"), argument("n"), argument("c")}
	times4(w.stride)
	return w
}

// overPixels calls body for each block of channels of each pixel; pointers advance
// by a pixel, strided ones by the stride.
func (w *window) overPixels(pointers, strided []gp, body func(b block)) {
	overRows("pixels", w.pixels, w.channels, pointers, func() {
		overRow("channels", w.channels, 4, body)
		for _, p := range strided {
			ins("ADD", w.stride, p)
		}
	})
}

// overTaps calls body with the block's place in each tap.
func (w *window) overTaps(b block, body func(tap block)) {
	left, next, at := copyOf(w.taps), copyOf(w.offsets), newGP()
	again, done := fresh("taps"), fresh("tapsDone")
	jump("CBZ", done, left)
	label(again)
	ins("MOVW.P", mem{base: next, disp: offsetSize}, at)
	ins("ADD", shifted{at, 2}, b.at, at)
	body(block{at, b.vectors, b.width})
	ins("SUB", imm(1), left)
	jump("CBNZ", again, left)
	label(done)
}

// poolKernels emits the pooling kernels.
func poolKernels() {
	sumPool()
	maxPool()
	maxPoolGrad("maxPoolGradRowSIMD", false)
	maxPoolGrad("maxPoolGradRowSetSIMD", true)
	sumPoolGrad("sumPoolGradRowSIMD", false)
	sumPoolGrad("sumPoolGradRowSetSIMD", true)
}

// sumPool emits SumPoolRow.
func sumPool() {
	function("sumPoolRowSIMD", "(dst, src *float32, "+poolArgs+", scale float32)")
	dst, src, w, scale := argument("dst"), argument("src"), newWindow(), broadcast("scale")
	w.overPixels([]gp{dst}, []gp{src}, func(b block) {
		sums := zeros(b.vectors)
		w.overTaps(b, func(tap block) {
			for v, x := range tap.in(src).load() {
				lanewise(fadd, sums[v], sums[v], x)
			}
		})
		for v := range sums {
			sums[v] = times(sums[v], scale)
		}
		b.in(dst).store(sums)
	})
	finish()
}

// maxPool emits MaxPoolRow.
func maxPool() {
	function("maxPoolRowSIMD", "(dst, src *float32, "+poolArgs+")")
	dst, src, w := argument("dst"), argument("src"), newWindow()
	w.overPixels([]gp{dst}, []gp{src}, func(b block) {
		highest := make([]vec, b.vectors)
		for v := range highest {
			highest[v] = bits(negInfBits).all()
		}
		w.overTaps(b, func(tap block) {
			for v, x := range tap.in(src).load() {
				lanewise(fmax, highest[v], highest[v], x)
			}
		})
		b.in(dst).store(highest)
	})
	finish()
}

// maxPoolGrad emits the gradient of MaxPoolRow, which is added to dx or, if set,
// overwrites it.
func maxPoolGrad(name string, set bool) {
	function(name, "(dx, x, y, dy *float32, "+poolArgs+")")
	dx, x, y, dy, w := argument("dx"), argument("x"), argument("y"), argument("dy"), newWindow()
	w.overPixels([]gp{y, dy}, []gp{dx, x}, func(b block) {
		highest, gradient := b.in(y).load(), b.in(dy).load()
		w.overTaps(b, func(tap block) {
			to := tap.in(dx)
			var list []vec
			if !set {
				list = to.load()
			}
			for v, value := range tap.in(x).load() {
				here := orNot(equal(highest[v], value), equal(value, value)) // NaN does not equal itself
				g := and(here, gradient[v])
				bitwise(bic, gradient[v], gradient[v], here) // the next taps get none
				if set {
					list = append(list, g)
				} else {
					list[v] = plus(g, list[v])
				}
			}
			to.store(list)
		})
	})
	finish()
}

// sumPoolGrad emits the gradient of SumPoolRow, which is added to dx or, if set,
// overwrites it.
func sumPoolGrad(name string, set bool) {
	function(name, "(dx, dy *float32, "+poolArgs+", scale float32)")
	dx, dy, w, scale := argument("dx"), argument("dy"), newWindow(), broadcast("scale")
	w.overPixels([]gp{dy}, []gp{dx}, func(b block) {
		gradient := b.in(dy).load()
		for v := range gradient {
			gradient[v] = times(gradient[v], scale)
		}
		w.overTaps(b, func(tap block) {
			to := tap.in(dx)
			if set {
				to.store(gradient)
			} else {
				to.store(each(plus, gradient, to.load()))
			}
		})
	})
	finish()
}
