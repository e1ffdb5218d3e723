package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

func TestPow(t *testing.T) {
	step := uint32(19991)
	if testing.Short() {
		step = 791993
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, exponent := range []float32{0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5, -0.75, -3, 4, 1e10, minusInf, -minusInf, nan32} {
			got := make([]float32, 1024)
			sweep(step, func(x []float32) {
				Pow(got[:len(x)], x, exponent)
				for i, v := range x {
					want := math.Pow(float64(v), float64(exponent))
					if e := kerneltest.Ulps(got[i], want); e > 1.5 || want == 0 && math.Signbit(want) != math.Signbit(float64(got[i])) {
						t.Fatalf("Pow(%v, %v) = %v, want %v, %.2f ulp", v, exponent, got[i], want, e)
					}
				}
			})
		}
	})
}

func TestPowInPlace(t *testing.T) {
	for _, exponent := range []float32{0, 1, 2, 3, -1, -2, 0.5, -0.5, 2.5} {
		x := kerneltest.Randoms(37, 1)
		want := make([]float32, len(x))
		Pow(want, x, exponent)
		Pow(x, x, exponent)
		if !kerneltest.SameSlices(want, x) {
			t.Errorf("exponent %v: in place gives other bits", exponent)
		}
	}
}

func ExamplePow() {
	x := []float32{1, 4, 9}
	Pow(x, x, 0.5)
	fmt.Println(x)
	// Output: [1 2 3]
}
