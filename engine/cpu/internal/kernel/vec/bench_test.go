package vec

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// benchISA measures a body that handles elements floats, with every instruction set
// that this CPU has, in nanoseconds an element.
func benchISA(b *testing.B, elements int, body func()) {
	for _, name := range isa.Available() {
		b.Run(name, func(b *testing.B) {
			restore, err := isa.Set(name)
			if err != nil {
				b.Fatal(err)
			}
			defer restore()
			for b.Loop() {
				body()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elements), "ns/element")
		})
	}
}

func BenchmarkElementwise(b *testing.B) {
	const n = 4096
	for _, f := range elementwiseFunctions() {
		b.Run(f.name, func(b *testing.B) {
			in, dst := [][]float32{kerneltest.Randoms(n, 1), kerneltest.Randoms(n, 2)}, make([]float32, n)
			benchISA(b, n, func() { f.f(dst, in) })
		})
	}
	b.Run("Dropout", func(b *testing.B) {
		x, dst := kerneltest.Randoms(n, 1), make([]float32, n)
		benchISA(b, n, func() { Dropout(dst, x, 0.5, 1, 2, 3) })
	})
}

var sink float32

func BenchmarkSum(b *testing.B) {
	const n = 4096
	x := kerneltest.Randoms(n, 1)
	benchISA(b, n, func() { sink = Sum(x) })
}

func BenchmarkColumns(b *testing.B) {
	for _, n := range []int{6, 10, 16, 64, 84, 120, 512} {
		rows := 16384 / n
		size := rows * n
		x, y := kerneltest.Randoms(size, 1), kerneltest.Randoms(size, 2)
		v := make([][]float32, 7)
		for i := range v {
			v[i] = kerneltest.Randoms(n, uint64(i))
		}
		for _, k := range []struct {
			name string
			f    func()
		}{
			{"AddRows", func() { AddRows(v[0], x, rows, n, n) }},
			{"MergeMoments", func() { MergeMoments(v[0], v[1], x, rows, n, n, 0) }},
			{"BatchNormSums", func() { BatchNormSums(v[0], v[1], x, y, v[2], rows, n, n, n) }},
			{"ScaleShiftRows", func() { ScaleShiftRows(y, x, v[0], v[1], rows, n, n, n, true) }},
			{"BatchNormGradRows", func() { BatchNormGradRows(y, x, x, v[2], v[3], v[4], v[5], v[6], rows, n, n, n, n) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", k.name, n), func(b *testing.B) { benchISA(b, size, k.f) })
		}
	}
}

func BenchmarkSoftmax(b *testing.B) {
	for _, n := range []int{10, 1000} {
		rows := 2560 / n
		x, dst := kerneltest.Randoms(rows*n, 1), make([]float32, rows*n)
		labels, loss := make([]float32, rows), make([]float32, rows)
		for _, k := range []struct {
			name string
			f    func()
		}{
			{"Softmax", func() { SoftmaxRows(dst, x, rows, n) }},
			{"LogSoftmax", func() { LogSoftmaxRows(dst, x, rows, n) }},
			{"CrossEntropy", func() { CrossEntropyRows(loss, x, labels, rows, n) }},
			{"CrossEntropyGrad", func() { CrossEntropyGradRows(dst, x, labels, loss, rows, n) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", k.name, n), func(b *testing.B) { benchISA(b, rows*n, k.f) })
		}
	}
}

func BenchmarkPool(b *testing.B) {
	for _, shape := range []struct{ size, stride, c, n int }{{2, 2, 6, 14}, {2, 2, 16, 5}, {3, 2, 64, 24}, {3, 2, 192, 12}} {
		w := shape.stride*(shape.n-1) + shape.size
		var taps []int32
		for i := range shape.size {
			for j := range shape.size {
				taps = append(taps, int32((i*w+j)*shape.c))
			}
		}
		x := kerneltest.Randoms(w*shape.size*shape.c, 1)
		y, dy, dx := make([]float32, shape.n*shape.c), make([]float32, shape.n*shape.c), make([]float32, len(x))
		n, stride, c := shape.n, shape.stride*shape.c, shape.c
		MaxPoolRow(y, x, taps, n, stride, c)
		for _, k := range []struct {
			name string
			f    func()
		}{
			{"Sum", func() { SumPoolRow(dy, x, taps, n, stride, c, 0.25) }},
			{"Max", func() { MaxPoolRow(dy, x, taps, n, stride, c) }},
			{"MaxGrad", func() { MaxPoolGradRow(dx, x, y, dy, taps, n, stride, c) }},
			{"MaxGradSet", func() { MaxPoolGradRowSet(dx, x, y, dy, taps, n, stride, c) }},
			{"Spread", func() { SumPoolGradRow(dx, dy, taps, n, stride, c, 0.25) }},
			{"SpreadSet", func() { SumPoolGradRowSet(dx, dy, taps, n, stride, c, 0.25) }},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d/c%d", k.name, shape.size, shape.size, c), func(b *testing.B) {
				benchISA(b, n*c, k.f)
			})
		}
	}
}
