package matrix

import (
	"testing"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

func TestPeakFMA(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		// All chains tend to 1 + 1/2 + 1/4 + … = 2, but NEON's, which count.
		want := map[string]float32{isa.AVX2: 2 * 12, isa.AVX512: 2 * 12, isa.NEON: 1000 * 24, isa.Generic: 2 * 8}[isa.Current()]
		if got := PeakFMA(1000); got != want {
			t.Errorf("PeakFMA(1000) = %v, want the sum of all chains, %v", got, want)
		}
	})
}
