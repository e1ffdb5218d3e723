package vec

import (
	"math"

	"github.com/strideml/stride/internal/isa"
)

// Floor, Ceil and Sign have no assembly.

// Floor computes the greatest whole number that is at most x.
func Floor(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float32(math.Floor(float64(v)))
	}
}

// Ceil computes the smallest whole number that is at least x.
func Ceil(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float32(math.Ceil(float64(v)))
	}
}

// Round computes the nearest whole number, the even one of two.
func Round(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		roundSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = float32(math.RoundToEven(float64(v)))
	}
}

// Sign computes −1, 0 or 1 for negative x, zeros and positive x, and NaN for NaN.
func Sign(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		s := oneIf(v > 0) - oneIf(v < 0)
		if v != v {
			s = v
		}
		dst[i] = s
	}
}

//go:noescape
func roundSIMD(dst, x *float32, n int)
