package resample

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestBounds runs the kernels in memory that ends with the last valid element: beyond it, a
// read or a write would crash.
func TestBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, in := range []int{8, 9, 17, 31, 32, 33, 40, 65} {
			for _, out := range []int{1, 8, 9, 32, 33} {
				taps := randomTaps(in, out, 0, 7)
				taps.First, taps.Count, taps.Weights = kerneltest.Guarded(t, taps.First), kerneltest.Guarded(t, taps.Count), kerneltest.Guarded(t, taps.Weights)
				if len(taps.halves) > 0 {
					taps.halves = kerneltest.Guarded(t, taps.halves)
				}
				for _, other := range []int{1, 31, 32, 33, 64, 70} {
					src, dst := kerneltest.Guarded(t, make([]uint8, in*other)), kerneltest.Guarded(t, make([]uint8, out*other))
					taps.Columns(dst, other, src, other, other, 0, out, 0)
					memory := kerneltest.Guarded(t, make([]uint8, lanes*(in+out)))
					taps.Rows(dst, out, src, in, in, other, 0, out, &memory)
				}
			}
		}
	})
}
