package kerneltest

import (
	"math"
	"testing"
)

// A Twin runs a kernel that has assembly on arguments of about n elements. The
// results are compared with those of its twin in pure Go.
type Twin struct {
	Name string // of the Go function that calls the assembly

	// Tolerance is what assembly and twin may differ by: 0 is not a bit, 1 and more are
	// units in the last place, less than 1 is a share of the result, or of 1 where the
	// result is smaller.
	Tolerance float64

	Run func(n int) []float32
}

// Rounding is the tolerance of sums of few terms about 1.
const Rounding = 2e-6

// CompareTwins compares each kernel with its twin, on lengths around those of vectors.
func CompareTwins(t *testing.T, twins []Twin) {
	for _, c := range twins {
		t.Run(c.Name, func(t *testing.T) {
			for _, n := range Lengths() {
				if n > 300 && testing.Short() {
					break
				}
				var want []float32
				Generically(t, func() { want = c.Run(n) })
				EachISA(t, func(t *testing.T) {
					for i, g := range c.Run(n) {
						if !c.close(g, want[i]) {
							t.Fatalf("n = %d: element %d is %v, twin %v", n, i, g, want[i])
						}
					}
				})
			}
		})
	}
}

func (c Twin) close(got, want float32) bool {
	switch {
	case SameBits(got, want):
		return true
	case c.Tolerance == 0:
		return false
	case c.Tolerance < 1:
		return math.Abs(float64(got)-float64(want)) <= c.Tolerance*max(1, math.Abs(float64(want)))
	}
	return Ulps(got, float64(want)) <= c.Tolerance
}
