package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	bytes := func(n, seed int) []uint8 { return kerneltest.RandomBytes(n, uint64(seed)) }
	transform := func(size int) func(n int) []float32 {
		return func(n int) (all []float32) {
			for kind := range 4 {
				n := n % 40
				coefficients, last, quant := randomBlocks(n, kind)
				stride := size*n + 5
				dst := make([]uint8, size*stride)
				InverseDCT(dst, stride, coefficients, last, quant, size)
				all = append(all, kerneltest.Floats(dst)...)
			}
			return all
		}
	}
	return []kerneltest.Twin{
		{Name: "inverse8", Run: transform(8)},
		{Name: "inverse4", Run: transform(4)},
		{Name: "inverse2", Run: transform(2)},
		{Name: "UpsampleH2V1", Run: func(n int) []float32 {
			dst := make([]uint8, 2*n)
			UpsampleH2V1(dst, bytes(n, 1))
			return kerneltest.Floats(dst)
		}},
		{Name: "UpsampleH2V2", Run: func(n int) []float32 {
			dst := make([]uint8, 2*n)
			UpsampleH2V2(dst, bytes(n, 1), bytes(n, 2))
			return kerneltest.Floats(dst)
		}},
		{Name: "UpsampleH1V2", Run: func(n int) []float32 {
			upper, lower := make([]uint8, n), make([]uint8, n)
			UpsampleH1V2(upper, bytes(n, 1), bytes(n, 2), true)
			UpsampleH1V2(lower, bytes(n, 1), bytes(n, 2), false)
			return kerneltest.Floats(append(upper, lower...))
		}},
		{Name: "YCbCrToRGB", Run: func(n int) []float32 {
			dst := make([]uint8, 3*n)
			YCbCrToRGB(dst[:n], dst[n:2*n], dst[2*n:], bytes(n, 1), bytes(n, 2), bytes(n, 3))
			return kerneltest.Floats(dst)
		}},
		{Name: "YCbCrToRGBA", Run: func(n int) []float32 {
			dst := make([]uint8, 4*n)
			YCbCrToRGBA(dst, bytes(n, 1), bytes(n, 2), bytes(n, 3))
			return kerneltest.Floats(dst)
		}},
	}
}

// randomBlocks returns n blocks of different sparsity: of small coefficients; of any of 16
// bits; of the greatest; of those that are close to where the first pass is limited.
func randomBlocks(n, kind int) (coefficients []int16, last []uint8, quant *[64]uint16) {
	r := rand.New(rand.NewPCG(uint64(kind), uint64(n)))
	coefficients, last, quant = make([]int16, 64*n), make([]uint8, n), new([64]uint16)
	for i := range quant {
		quant[i] = uint16(1 + r.IntN(30))
		if kind > 0 {
			quant[i] = 1
		}
	}
	for i := range last {
		last[i] = []uint8{0, 1, 2, 9, 10, 63, uint8(r.IntN(10)), uint8(r.IntN(64))}[r.IntN(8)]
		rowOnly := r.IntN(3) == 0
		for k := range last[i] + 1 {
			if r.IntN(3) == 0 || rowOnly && natural[k] > 7 {
				continue
			}
			coefficients[64*i+natural[k]] = []int16{
				int16(r.IntN(101) - 50), int16(r.Uint32()), int16(1<<15 - r.IntN(2)), int16(8185 + r.IntN(14)),
			}[kind]
		}
	}
	return coefficients, last, quant
}
