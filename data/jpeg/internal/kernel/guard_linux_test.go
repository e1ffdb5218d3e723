package kernel

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestBounds runs the kernels in memory that ends with the last valid element: beyond it, a
// read or a write would crash.
func TestBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 5, 8} {
			for _, size := range []int{8, 4, 2, 1} {
				coefficients, last, quant := randomBlocks(n, 0)
				dst := kerneltest.Guarded(t, make([]uint8, size*size*n))
				InverseDCT(dst, size*n, kerneltest.Guarded(t, coefficients), kerneltest.Guarded(t, last), (*[64]uint16)(kerneltest.Guarded(t, quant[:])), size)
			}
		}
		for _, n := range []int{1, 2, 3, 31, 32, 33, 34, 35, 63, 64, 65, 66, 100} {
			bytes := func(n int) []uint8 { return kerneltest.Guarded(t, make([]uint8, n)) }
			a, b, c := bytes(n), bytes(n), bytes(n)
			UpsampleH2V1(bytes(2*n), a)
			UpsampleH2V2(bytes(2*n), a, b)
			UpsampleH1V2(bytes(n), a, b, true)
			YCbCrToRGB(bytes(n), bytes(n), bytes(n), a, b, c)
			YCbCrToRGBA(bytes(4*n), a, b, c)
			CMYKToRGB(bytes(n), bytes(n), bytes(n), a, b, c, bytes(n))
		}
	})
}
