package kernel

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestBounds runs the kernels in memory that ends with the last valid element: beyond it, a
// read or a write would crash.
func TestBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, n := range []int{1, 2, 3, 4, 5, 10, 11, 12, 31, 32, 33, 34, 35, 36, 63, 64, 65, 66, 99, 100} {
			bytes := func(n int) []uint8 { return kerneltest.Guarded(t, make([]uint8, n)) }
			src, above := bytes(n), bytes(n)
			for size := range 9 {
				for filter := range uint8(5) {
					Undo(filter, bytes(n), src, above, max(1, size))
				}
			}
			Split(bytes(n), bytes(n), bytes(n), bytes(3*n))
		}
	})
}
