package vec

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	var list []kerneltest.Twin
	for _, f := range elementwiseFunctions() {
		list = append(list, kerneltest.Twin{Name: f.name, Tolerance: f.tolerance, Run: func(n int) []float32 {
			dst := make([]float32, n)
			f.f(dst, f.arguments(n))
			return dst
		}})
	}
	add := func(name string, tolerance float64, run func(n int) []float32) {
		list = append(list, kerneltest.Twin{Name: name, Tolerance: tolerance, Run: run})
	}
	add("Dropout", 0, func(n int) []float32 {
		x := kerneltest.Randoms(n, 1)
		Dropout(x, x, 0.4, 123456789012345, 7, 1<<32-5)
		return x
	})
	add("Sum", 0, func(n int) []float32 { return []float32{Sum(kerneltest.Randoms(n, 1))} })
	addRowTwins(add)
	addPoolTwins(add)
	addWindowTwins(add)
	return list
}

const rounding = kerneltest.Rounding

// addRowTwins lists the kernels on matrices of 5 rows of n elements.
func addRowTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	const rows = 5
	// onRows calls f with three matrices and five vectors, and returns all of them.
	onRows := func(f func(a, b, c []float32, v [5][]float32, n int)) func(n int) []float32 {
		return func(n int) (all []float32) {
			a, b, c := kerneltest.Randoms(rows*n, 1), kerneltest.Randoms(rows*n, 2), kerneltest.Randoms(rows*n, 3)
			var v [5][]float32
			for i := range v {
				v[i] = kerneltest.Randoms(n, uint64(4+i))
			}
			if n > 0 {
				f(a, b, c, v, n)
			}
			for _, x := range append([][]float32{a, b, c}, v[:]...) {
				all = append(all, x...)
			}
			return all
		}
	}
	add("addRows", 0, onRows(func(a, _, _ []float32, v [5][]float32, n int) { addRows(v[0], a, rows, n, n) }))
	add("mergeMoments", rounding, onRows(func(a, _, _ []float32, v [5][]float32, n int) {
		mergeMoments(v[0], v[1], a, rows, n, n, 1./rows, 0.5, 2)
	}))
	add("addDots", rounding, onRows(func(a, b, _ []float32, v [5][]float32, n int) {
		addDots(v[0], v[1], a, b, v[2], rows, n, n, n)
	}))
	for _, withReLU := range []bool{false, true} {
		add("scaleShiftRows", rounding, onRows(func(a, b, _ []float32, v [5][]float32, n int) {
			scaleShiftRows(a, b, v[0], v[1], rows, n, n, n, withReLU)
		}))
	}
	add("batchNormGradRows", rounding, onRows(func(a, b, c []float32, v [5][]float32, n int) {
		batchNormGradRows(a, b, c, v[0], v[1], v[2], v[3], v[4], rows, n, n, n, n)
	}))
	// Softmax keeps a number or two a row: those of the first vector.
	add("expRows", rounding, onRows(func(a, b, c []float32, _ [5][]float32, n int) {
		expRows(a, b, c[:rows], c[n*rows-rows:], n)
	}))
	add("sumExpRows", rounding, onRows(func(_, b, c []float32, _ [5][]float32, n int) {
		sumExpRows(b, c[:rows], c[n*rows-rows:], n)
	}))
	add("scaleEachRow", 0, onRows(func(a, b, _ []float32, _ [5][]float32, n int) { scaleEachRow(a, b[:rows], n) }))
	add("subTwoEachRow", 0, onRows(func(a, b, c []float32, _ [5][]float32, n int) {
		subTwoEachRow(a, b, c[:rows], c[n*rows-rows:], n)
	}))
	add("moments", rounding, onRows(func(a, b, _ []float32, _ [5][]float32, n int) {
		moments(b[:rows], b[n*rows-rows:], a, n)
	}))
	add("normaliseEachRow", rounding, onRows(func(a, b, c []float32, v [5][]float32, n int) {
		normaliseEachRow(a, b, v[0], v[1], c[:rows], c[n*rows-rows:], n)
	}))
	add("dotEachRow", rounding, onRows(func(a, b, c []float32, v [5][]float32, n int) {
		sums, products := make([]float32, rows), make([]float32, rows)
		dotEachRow(sums, products, a, b, v[0], c[:rows], n)
		copy(c, sums)
		copy(c[n*rows-rows:], products)
	}))
	add("layerNormGradRows", rounding, onRows(func(a, b, c []float32, v [5][]float32, n int) {
		var m rowMoments
		for i, r := range []*[coef.RowBlock]float32{&m.mean, &m.inv, &m.a, &m.b} {
			copy(r[:], kerneltest.Randoms(rows, uint64(20+i)))
		}
		layerNormGradRows(a, b, c, v[0], &m, rows, n)
	}))
}

// addPoolTwins lists the kernels on windows: three of n channels, with four taps and
// with five.
func addPoolTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	const pixels = 3
	for _, count := range []int{4, 5} {
		// onWindows calls f with tensors of the size of the input and of the output.
		onWindows := func(f func(in, in2, out, out2 []float32, argmax []byte, taps []int32, stride, c int)) func(n int) []float32 {
			return func(c int) (all []float32) {
				var taps []int32
				for i := range count {
					taps = append(taps, int32(i*c))
				}
				stride := count * c
				in, in2 := kerneltest.Randoms(pixels*stride, 1), kerneltest.Randoms(pixels*stride, 2)
				out, out2 := kerneltest.Randoms(pixels*c, 3), kerneltest.Randoms(pixels*c, 4)
				argmax := make([]byte, pixels*c+8)
				for i := range argmax {
					argmax[i] = byte(i % count)
				}
				f(in, in2, out, out2, argmax[:pixels*c], taps, stride, c)
				for _, x := range [][]float32{in, in2, out, out2} {
					all = append(all, x...)
				}
				for _, tap := range argmax {
					all = append(all, float32(tap))
				}
				return all
			}
		}
		add("SumPoolRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolRow(out, in, taps, pixels, stride, c, 0.3)
		}))
		add("SumPoolGradRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolGradRow(in, out, taps, pixels, stride, c, 0.3)
		}))
		add("SumPoolGradRowSet", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			SumPoolGradRowSet(in, out, taps, pixels, stride, c, 0.3)
		}))
		add("MaxPoolRow", 0, onWindows(func(in, _, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
		}))
		add("MaxPoolGradRow", 0, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
			MaxPoolGradRow(in2, in, out, out2, taps, pixels, stride, c)
		}))
		add("MaxPoolGradRowSet", 0, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			MaxPoolRow(out, in, taps, pixels, stride, c)
			MaxPoolGradRowSet(in2, in, out, out2, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxRow", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxRow(out, argmax, in, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxGradRow", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxGradRow(in, argmax, out, taps, pixels, stride, c)
		}))
		add("MaxPoolArgmaxGradRowSet", 0, onWindows(func(in, _, out, _ []float32, argmax []byte, taps []int32, stride, c int) {
			MaxPoolArgmaxGradRowSet(in, argmax, out, taps, pixels, stride, c)
		}))
		add("DepthwiseRow", rounding, onWindows(func(in, in2, out, out2 []float32, _ []byte, taps []int32, stride, c int) {
			DepthwiseRow(out, in, in2, out2[:c], pairs(taps), pixels, c, stride, c, nil)
		}))
		add("DepthwiseGradRow", rounding, onWindows(func(in, in2, out, _ []float32, _ []byte, taps []int32, stride, c int) {
			DepthwiseGradRow(in2, in, out, pairs(taps), pixels, stride, c)
		}))
	}
}

// pairs returns taps whose weights lie as the pixels do.
func pairs(taps []int32) (list []Tap) {
	for _, t := range taps {
		list = append(list, Tap{t, t})
	}
	return list
}
