package vec

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestVecBounds runs the kernels in memory that ends with the last valid element:
// beyond it, a read or a write would crash.
func TestVecBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 6, 7, 8, 10, 15, 33, 71} {
			for _, f := range elementwiseFunctions() {
				in := f.arguments(n)
				for k := range in {
					in[k] = kerneltest.Guarded(t, in[k])
				}
				f.f(kerneltest.Guarded(t, in[0]), in)
			}
			x := kerneltest.Guarded(t, kerneltest.Randoms(n, 1))
			Sum(x)
			Dropout(x, x, 0.5, 1, 2, 3)

			for _, rows := range []int{1, 3, 40} {
				x, y, d := kerneltest.Guarded(t, kerneltest.Randoms(rows*n, 1)), kerneltest.Guarded(t, kerneltest.Randoms(rows*n, 2)), kerneltest.Guarded(t, kerneltest.Randoms(rows*n, 3))
				labels, v := kerneltest.Guarded(t, make([]float32, rows)), make([][]float32, 5)
				for k := range v {
					v[k] = kerneltest.Guarded(t, kerneltest.Randoms(n, 4))
				}
				AddRows(v[0], x, rows, n, n)
				MergeMoments(v[0], v[1], x, rows, n, n, 0)
				BatchNormSums(v[0], v[1], y, x, v[2], rows, n, n, n)
				ScaleShiftRows(d, x, v[0], v[1], rows, n, n, n, true)
				BatchNormGradRows(d, y, x, v[0], v[1], v[2], v[3], v[4], rows, n, n, n, n)
				SoftmaxRows(d, x, rows, n)
				LogSoftmaxRows(d, x, rows, n)
				CrossEntropyRows(labels, x, labels, rows, n)
				CrossEntropyGradRows(d, x, labels, labels, rows, n)
			}
		}
	})
}

// TestPoolBounds does the same for the pooling kernels.
func TestPoolBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, c := range []int{1, 3, 6, 8, 17, 37} {
			for _, size := range []int{2, 3} {
				const n = 3
				var taps []int32
				for i := range size * size {
					taps = append(taps, int32(i*c))
				}
				stride := size * size * c
				x, y := kerneltest.Guarded(t, kerneltest.Randoms(n*stride, 1)), kerneltest.Guarded(t, kerneltest.Randoms(n*c, 2))
				dx, off := kerneltest.Guarded(t, x), kerneltest.Guarded(t, taps)
				SumPoolRow(y, x, off, n, stride, c, 0.5)
				MaxPoolRow(y, x, off, n, stride, c)
				MaxPoolGradRow(dx, x, y, y, off, n, stride, c)
				MaxPoolGradRowSet(dx, x, y, y, off, n, stride, c)
				SumPoolGradRow(dx, y, off, n, stride, c, 0.5)
				SumPoolGradRowSet(dx, y, off, n, stride, c, 0.5)

				var pairs []Tap
				for i := range size * size {
					pairs = append(pairs, Tap{int32(i * c), int32(i * c)})
				}
				w, bias := kerneltest.Guarded(t, kerneltest.Randoms(stride, 3)), kerneltest.Guarded(t, kerneltest.Randoms(c, 4))
				DepthwiseRow(y, x, w, bias, pairs, n, c, stride, c, nil)
				DepthwiseGradRow(w, x, y, pairs, n, stride, c)
			}
		}
	})
}
