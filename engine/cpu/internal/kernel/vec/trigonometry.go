package vec

import "math"

// Sin computes the sine of x in radians with an error of at most 0.51 ulp, without
// assembly.
func Sin(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float32(math.Sin(float64(v)))
	}
}

// Cos computes the cosine of x in radians with an error of at most 0.51 ulp, without
// assembly.
func Cos(dst, x []float32) {
	x = x[:len(dst)]
	for i, v := range x {
		dst[i] = float32(math.Cos(float64(v)))
	}
}
