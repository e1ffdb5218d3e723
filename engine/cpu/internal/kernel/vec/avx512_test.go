package vec

import (
	"math"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// sameBits checks that a kernel has the same bits with AVX-512 and with AVX2.
func sameBits(t *testing.T, run func() []float32) {
	t.Helper()
	if !slices.Contains(isa.Available(), isa.AVX512) {
		t.Skip("no AVX-512")
	}
	with := func(set string) []float32 {
		restore, err := isa.Set(set)
		if err != nil {
			t.Fatal(err)
		}
		defer restore()
		return run()
	}
	want := with(isa.AVX2)
	for i, g := range with(isa.AVX512) {
		if !kerneltest.SameBits(g, want[i]) {
			t.Fatalf("element %d is %v with AVX-512, %v with AVX2", i, g, want[i])
		}
	}
}

// TestSigmoidBits has numbers of all sizes: results that are denormal, infinities, NaN.
func TestSigmoidBits(t *testing.T) {
	var x []float32
	for i := range uint32(1 << 14) { // all exponents, both signs
		x = append(x, math.Float32frombits(i<<18|i*2654435761>>14))
	}
	for i := range 1 << 14 {
		x = append(x, float32(i-1<<13)/64)
	}
	inf := float32(math.Inf(1))
	x = append(x, 0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), -87.4, -103.9, -104)
	for name, f := range map[string]func(dst, x []float32){"Sigmoid": Sigmoid, "SiLU": SiLU} {
		t.Run(name, func(t *testing.T) {
			sameBits(t, func() []float32 {
				y := make([]float32, len(x))
				f(y, x)
				return y
			})
		})
	}
}
