package vec

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// depthwiseCase is one row of windows of size×size taps; gaps between the
// pixels of dst hold numbers that must stay.
type depthwiseCase struct {
	c, n, srcStep, dstStep int
	taps                   []Tap
	src, w, bias           []float32
	bounds                 *Bounds
}

func depthwiseCases(t *testing.T, test func(t *testing.T, d depthwiseCase)) {
	for _, shape := range [][3]int{{1, 1, 1}, {3, 1, 1}, {3, 2, 1}, {3, 1, 2}, {5, 2, 3}, {0, 1, 1}} {
		size, stride, spread := shape[0], shape[1], shape[2]
		for _, c := range []int{1, 2, 3, 7, 8, 9, 16, 24, 31, 32, 33, 40, 71, 130} {
			for _, n := range []int{0, 1, 2, 5, 9} {
				d := depthwiseCase{c: c, n: n, srcStep: stride * c, dstStep: spread * c}
				width := stride*max(n-1, 0) + max(size, 1)
				for i := range size * size {
					d.taps = append(d.taps, Tap{int32((i/size*width + i%size) * c), int32((size*size - 1 - i) * c)})
				}
				d.src = kerneltest.FencedCopy(kerneltest.Randoms(width*max(size, 1)*c, 1)).Data
				d.w = kerneltest.FencedCopy(kerneltest.Randoms(size*size*c, 2)).Data
				if n%2 == 1 {
					d.bounds = &Bounds{-0.5, 0.75}
				}
				d.bias = kerneltest.FencedCopy(kerneltest.Randoms(c, 3)).Data
				t.Run(fmt.Sprintf("%dx%d/%d/c%d/n%d", size, size, stride, c, n), func(t *testing.T) { test(t, d) })
			}
		}
	}
}

func near(got float32, want float64) bool {
	return math.Abs(float64(got)-want) <= 1e-5*(1+math.Abs(want))
}

func TestDepthwiseRow(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		depthwiseCases(t, func(t *testing.T, d depthwiseCase) {
			before := kerneltest.Randoms(max(0, d.n-1)*d.dstStep+d.c, 4)
			got := kerneltest.FencedCopy(before)
			DepthwiseRow(got.Data, d.src, d.w, d.bias, d.taps, d.n, d.dstStep, d.srcStep, d.c, d.bounds)
			got.Check(t, "DepthwiseRow")
			for i, g := range got.Data {
				p, j := i/d.dstStep, i%d.dstStep
				if p >= d.n || j >= d.c {
					if g != before[i] {
						t.Fatalf("element %d between the pixels has changed", i)
					}
					continue
				}
				want := float64(d.bias[j])
				for _, tap := range d.taps {
					want += float64(d.src[p*d.srcStep+int(tap.Source)+j]) * float64(d.w[int(tap.Weight)+j])
				}
				if b := d.bounds; b != nil {
					want = min(max(want, float64(b.Low)), float64(b.High))
				}
				if !near(g, want) {
					t.Fatalf("pixel %d, channel %d is %v, want %v", p, j, g, want)
				}
			}
		})
	})
}

// The AVX-512 form has the bits of the AVX2 one.
func TestDepthwiseRowBits(t *testing.T) {
	if !slices.Contains(isa.Available(), isa.AVX512) {
		t.Skip("no AVX-512")
	}
	compute := func(t *testing.T, set string, d depthwiseCase) []float32 {
		restore, err := isa.Set(set)
		if err != nil {
			t.Fatal(err)
		}
		defer restore()
		y := make([]float32, max(0, d.n-1)*d.dstStep+d.c)
		DepthwiseRow(y, d.src, d.w, d.bias, d.taps, d.n, d.dstStep, d.srcStep, d.c, d.bounds)
		return y
	}
	depthwiseCases(t, func(t *testing.T, d depthwiseCase) {
		if !slices.Equal(compute(t, isa.AVX512, d), compute(t, isa.AVX2, d)) {
			t.Error("AVX-512 and AVX2 differ")
		}
	})
}

func TestDepthwiseGradRow(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		depthwiseCases(t, func(t *testing.T, d depthwiseCase) {
			dy := kerneltest.FencedCopy(kerneltest.Randoms(d.n*d.c, 5)).Data
			got := kerneltest.FencedCopy(d.w)
			DepthwiseGradRow(got.Data, d.src, dy, d.taps, d.n, d.srcStep, d.c)
			got.Check(t, "DepthwiseGradRow")
			for _, tap := range d.taps {
				for j := range d.c {
					want := float64(d.w[int(tap.Weight)+j])
					for p := range d.n {
						want += float64(dy[p*d.c+j]) * float64(d.src[p*d.srcStep+int(tap.Source)+j])
					}
					if g := got.Data[int(tap.Weight)+j]; !near(g, want) {
						t.Fatalf("tap at %d, channel %d is %v, want %v", tap.Weight, j, g, want)
					}
				}
			}
		})
	})
}

func ExampleDepthwiseRow() {
	image := []float32{ // four pixels of two channels
		1, 10, 2, 20, 3, 30, 4, 40,
	}
	weights := []float32{ // two taps of two channels
		-1, 1, 1, 0.5,
	}
	y := make([]float32, 6)
	DepthwiseRow(y, image, weights, []float32{0, 0}, []Tap{{0, 0}, {2, 2}}, 3, 2, 2, 2, nil)
	fmt.Println(y)
	// Output: [1 20 1 35 1 50]
}

func BenchmarkDepthwiseRow(b *testing.B) {
	for _, c := range []int{32, 96, 144, 960} {
		b.Run(fmt.Sprintf("c%d", c), func(b *testing.B) {
			const n = 14
			var taps []Tap
			for i := range 9 {
				taps = append(taps, Tap{int32((i/3*(n+2) + i%3) * c), int32(i * c)})
			}
			src, w, bias, dst := kerneltest.Randoms(3*(n+2)*c, 1), kerneltest.Randoms(9*c, 2), kerneltest.Randoms(c, 3), make([]float32, n*c)
			b.SetBytes(int64(4 * n * c))
			for b.Loop() {
				DepthwiseRow(dst, src, w, bias, taps, n, c, c, c, nil)
			}
			b.ReportMetric(float64(9*n*c)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFMA/s")
		})
	}
}
