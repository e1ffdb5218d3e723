package kernel

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel/coef"
)

// This file holds the pure Go twins of the elementwise kernels.

func negGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = -v
	}
}

func reciprocalGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = 1 / v
	}
}

func sqrtGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

func reluGeneric(dst, x []float32) {
	for i, v := range x {
		if v < 0 {
			v = 0
		}
		dst[i] = v
	}
}

func relu6Generic(dst, x []float32) {
	for i, v := range x {
		if v < 0 {
			v = 0
		} else if v > 6 {
			v = 6
		}
		dst[i] = v
	}
}

func addGeneric(dst, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

func subGeneric(dst, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i] = v - b[i]
	}
}

func mulGeneric(dst, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i] = v * b[i]
	}
}

func divGeneric(dst, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i] = v / b[i]
	}
}

func equalGeneric(dst, a, b []float32) {
	b = b[:len(a)]
	for i, v := range a {
		dst[i] = oneIf(v == b[i])
	}
}

// larger is the maximum of a and b: a NaN if either is NaN, b if they are equal.
func larger(a, b float32) float32 {
	if a > b || a != a {
		return a
	}
	return b
}

// oneIf is 1 if the condition holds and 0 otherwise.
func oneIf(condition bool) float32 {
	if condition {
		return 1
	}
	return 0
}

func addSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = v + s
	}
}

func subSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = v - s
	}
}

func rsubSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = s - v
	}
}

func mulSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = v * s
	}
}

func divSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = v / s
	}
}

func rdivSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = s / v
	}
}

func equalSGeneric(dst, a []float32, s float32) {
	for i, v := range a {
		dst[i] = oneIf(v == s)
	}
}

func reluGradGeneric(dst, y, dy []float32) {
	dy = dy[:len(y)]
	for i, v := range y {
		g := dy[i]
		if !(v > 0) {
			g = 0
		}
		dst[i] = g
	}
}

func relu6GradGeneric(dst, y, dy []float32) {
	dy = dy[:len(y)]
	for i, v := range y {
		g := dy[i]
		if !(v > 0 && v < 6) {
			g = 0
		}
		dst[i] = g
	}
}

func sigmoidGradGeneric(dst, y, dy []float32) {
	dy = dy[:len(y)]
	for i, v := range y {
		dst[i] = dy[i] * v * (1 - v)
	}
}

func tanhGradGeneric(dst, y, dy []float32) {
	dy = dy[:len(y)]
	for i, v := range y {
		dst[i] = dy[i] * (1 - v*v)
	}
}

func fillGeneric(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}

func dropoutGeneric(dst, x []float32, scale float32, threshold uint32, key uint64, start uint32) {
	lo, hi := uint32(key), uint32(key>>32)
	for i, v := range x {
		bits := mix32(mix32((start+uint32(i))^lo) + hi)
		v *= scale
		if bits>>8 < threshold {
			v = 0
		}
		dst[i] = v
	}
}

// mix32 is the 32-bit finaliser "lowbias32" of C. Wellons: a bijection whose
// every input bit flips every output bit with a chance close to one half.
func mix32(x uint32) uint32 {
	x ^= x >> 16
	x *= coef.Mix1
	x ^= x >> 15
	x *= coef.Mix2
	return x ^ x>>16
}

// mix64 is the output function of the SplitMix64 generator (Steele, Lea and
// Flood, 2014), applied to a single number.
func mix64(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
