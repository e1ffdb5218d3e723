package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// rowKernels emits the elementwise functions of a matrix and of vectors with one
// value a column.
func rowKernels() {
	type kernel struct {
		name     string
		inputs   []string // matrices
		channels []string // one value a column
		f        func(in []vec, channel []Op) vec
	}
	scaleShift := func(in []vec, c []Op) vec { return fma(in[0], load(c[0]), c[1]) }
	for _, k := range []kernel{
		{"scaleShiftRows", []string{"x"}, []string{"scale", "shift"}, scaleShift},
		{"scaleShiftReLURows", []string{"x"}, []string{"scale", "shift"}, func(in []vec, c []Op) vec {
			return greater(zero(), scaleShift(in, c))
		}},
		{"batchNormGradRows", []string{"dy", "x"}, []string{"mean", "invstd", "scale", "a", "b"}, func(in []vec, c []Op) vec {
			xhat := times(minus(in[1], c[0]), c[1])
			d := minus(in[0], c[3])
			VFNMADD231PS(c[4], xhat, d)
			return times(d, c[2])
		}},
	} {
		list, steps := "(dst", "stepDst"
		for _, name := range append(append([]string{}, k.inputs...), k.channels...) {
			list += ", " + name
		}
		for _, name := range k.inputs {
			steps += ", " + stepName(name)
		}
		function(k.name+"SIMD", list+" *float32, rows, n, "+steps+" int)")
		dst, inputs, channels := param("dst"), params(k.inputs...), params(k.channels...)
		rows, r := param("rows"), newRow(param("n"))
		body := func() {
			overRow("row", r, 1, func(s span) {
				var in []vec
				for _, p := range inputs {
					in = append(in, s.load(p))
				}
				var c []Op
				for _, p := range channels {
					c = append(c, s.operand(p))
				}
				s.store(k.f(in, c), dst)
			})
			// The steps stay in memory: there are too few registers.
			for i, name := range append([]string{"dst"}, k.inputs...) {
				ADDQ(parameter(stepName(name)), append([]gp{dst}, inputs...)[i])
			}
		}
		overRows("rows", rows, r, nil, body)
		finish()
	}
}

// stepName names the parameter with the distance between the rows of a matrix.
func stepName(matrix string) string { return "step" + strings.ToUpper(matrix[:1]) + matrix[1:] }

// softmaxKernels emits the parts of softmax and of its logarithm.
func softmaxKernels() {
	expRowsKernel("expRowsSIMD", "(dst, x, highest, total *float32, rows, n int)", true)
	expRowsKernel("sumExpRowsSIMD", "(x, highest, total *float32, rows, n int)", false)

	function("scaleEachRowSIMD", "(x, scale *float32, rows, n int)")
	x, scale := param("x"), param("scale")
	rows, r := param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{x}, func() {
		v := broadcastMem(Mem{Base: scale})
		ADDQ(U8(floatSize), scale)
		overRow("row", r, 1, func(s span) { s.store(times(v, s.operand(x)), x) })
	})
	finish()

	function("subTwoEachRowSIMD", "(dst, x, first, second *float32, rows, n int)")
	dst, x, first, second := param("dst"), param("x"), param("first"), param("second")
	rows, r = param("rows"), newRow(param("n"))
	overRows("rows", rows, r, []gp{dst, x}, func() {
		a, b := broadcastMem(Mem{Base: first}), broadcastMem(Mem{Base: second})
		ADDQ(U8(floatSize), first)
		ADDQ(U8(floatSize), second)
		overRow("row", r, 1, func(s span) { s.store(minus(minus(s.load(x), a), b), dst) })
	})
	finish()
}

// expRowsKernel emits, for each row, the largest element m and the sum of e^(x−m),
// whose terms are stored in dst if keep is set.
func expRowsKernel(name, signature string, keep bool) {
	function(name, signature)
	x, highest, total := param("x"), param("highest"), param("total")
	pointers := []gp{x}
	var dst gp
	if keep {
		dst = param("dst")
		pointers = append(pointers, dst)
	}
	rows, r := param("rows"), newRow(param("n"))
	overRows("rows", rows, r, pointers, func() {
		m := load(negInf())
		overRow("max", r, 1, func(s span) {
			VMAXPS(m, s.keep(s.load(x), negInf()), m)
		})
		fold(VMAXPS, m)
		VMOVSS(m.AsX(), Mem{Base: highest})
		VBROADCASTSS(m.AsX(), m)
		sum := zero()
		overRow("exp", r, 1, func(s span) {
			e := s.keep(exp(minus(s.load(x), m)), nil)
			VADDPS(e, sum, sum)
			if keep {
				s.store(e, dst)
			}
		})
		fold(VADDPS, sum)
		VMOVSS(sum.AsX(), Mem{Base: total})
		ADDQ(U8(floatSize), highest)
		ADDQ(U8(floatSize), total)
	})
	finish()
}
