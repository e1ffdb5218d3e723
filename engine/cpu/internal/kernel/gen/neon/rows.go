package main

import "strings"

// rowKernels emits the elementwise functions of a matrix and of vectors with one
// value a column.
func rowKernels() {
	scaleShift := func(in, c []vec) vec {
		accumulate(c[1], in[0], c[0])
		return c[1]
	}
	for _, k := range []struct {
		name     string
		inputs   []string // matrices
		channels []string // one value a column
		unroll   int
		f        func(in, channel []vec) vec
	}{
		{"scaleShiftRows", []string{"x"}, []string{"scale", "shift"}, 4, scaleShift},
		{"scaleShiftReLURows", []string{"x"}, []string{"scale", "shift"}, 4, func(in, c []vec) vec {
			return rectified(scaleShift(in, c))
		}},
		{"batchNormGradRows", []string{"dy", "x"}, []string{"mean", "invstd", "scale", "a", "b"}, 2, func(in, c []vec) vec {
			xhat := times(minus(in[1], c[0]), c[1])
			d := minus(in[0], c[3])
			reduce(d, xhat, c[4])
			return times(d, c[2])
		}},
	} {
		list, matrices := "(dst", append([]string{"dst"}, k.inputs...)
		var steps []string
		for _, name := range append(append([]string{}, k.inputs...), k.channels...) {
			list += ", " + name
		}
		for _, name := range matrices {
			steps = append(steps, "step"+strings.ToUpper(name[:1])+name[1:])
		}
		function(k.name+"SIMD", list+" *float32, rows, n, "+strings.Join(steps, ", ")+" int)")
		dst, inputs, channels := argument("dst"), arguments(k.inputs...), arguments(k.channels...)
		rows, n, distances := argument("rows"), argument("n"), arguments(steps...)
		overRows("rows", rows, n, nil, func() {
			overRow("row", n, k.unroll, func(b block) {
				in, channel := loadAll(b, inputs), loadAll(b, channels)
				var list []vec
				for v := range b.vectors {
					list = append(list, k.f(column(in, v), column(channel, v)))
				}
				b.in(dst).store(list)
			})
			for i, p := range append([]gp{dst}, inputs...) {
				ins("ADD", distances[i], p)
			}
		})
		finish()
	}
}

// loadAll returns a block of several arrays.
func loadAll(b block, arrays []gp) (list [][]vec) {
	for _, p := range arrays {
		list = append(list, b.in(p).load())
	}
	return list
}

// softmaxKernels emits the parts of softmax and of its logarithm.
func softmaxKernels() {
	expRowsKernel("expRowsSIMD", "(dst, x, highest, total *float32, rows, n int)", true)
	expRowsKernel("sumExpRowsSIMD", "(x, highest, total *float32, rows, n int)", false)

	function("scaleEachRowSIMD", "(x, scale *float32, rows, n int)")
	x, scale, rows, n := argument("x"), argument("scale"), argument("rows"), argument("n")
	overRows("rows", rows, n, []gp{x}, func() {
		v := next(scale)
		overRow("row", n, 4, func(b block) {
			at := b.in(x)
			list := at.load()
			for i := range list {
				list[i] = times(list[i], v)
			}
			at.store(list)
		})
	})
	finish()

	function("subTwoEachRowSIMD", "(dst, x, first, second *float32, rows, n int)")
	dst, x, first, second := argument("dst"), argument("x"), argument("first"), argument("second")
	rows, n = argument("rows"), argument("n")
	overRows("rows", rows, n, []gp{dst, x}, func() {
		a, c := next(first), next(second)
		overRow("row", n, 4, func(b block) {
			list := b.in(x).load()
			for i := range list {
				list[i] = minus(minus(list[i], a), c)
			}
			b.in(dst).store(list)
		})
	})
	finish()
}

// next returns the float at p in all lanes and moves p on.
func next(p gp) vec {
	v := newVec()
	ins("VLD1R.P", mem{base: p, disp: floatSize}, v.list("S4"))
	return v
}

// expRowsKernel emits, for each row, the largest element m and the sum of e^(x−m),
// whose terms are stored in dst if keep is set.
func expRowsKernel(name, signature string, keep bool) {
	function(name, signature)
	x, highest, total := argument("x"), argument("highest"), argument("total")
	pointers := []gp{x}
	var dst gp
	if keep {
		dst = argument("dst")
		pointers = append(pointers, dst)
	}
	rows, n := argument("rows"), argument("n")
	overRows("rows", rows, n, pointers, func() {
		m := bits(negInfBits).all()
		overRow("max", n, 4, func(b block) {
			for _, v := range b.in(x).loadAgain() {
				lanewise(fmax, m, m, v)
			}
		})
		m = largest(m)
		ins("FMOVS.P", m.scalar(), mem{base: highest, disp: floatSize})
		m = spread(m, 0)
		sum := zero()
		overRow("exp", n, 3, func(b block) {
			list := weave(func(v vec) vec { return exp(minus(v, m)) }, b.in(x).load())
			for _, e := range list {
				lanewise(fadd, sum, sum, b.keep(e))
			}
			if keep {
				b.in(dst).store(list)
			}
		})
		ins("FMOVS.P", sumOfLanes(sum).scalar(), mem{base: total, disp: floatSize})
	})
	finish()
}
