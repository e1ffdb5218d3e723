package vec

import "github.com/strideml/stride/internal/isa"

// Sum returns the sum of x. The order of additions is fixed: with the elements
// dealt out in turn to 32 partial sums s₀…s₃₁, each in rising order,
// t_i = (s_i + s_{i+8}) + (s_{i+16} + s_{i+24}) for i < 8 and then
// u_i = t_i + t_{i+4}, result (u₀ + u₂) + (u₁ + u₃). Assembly and twin give the
// same bits.
func Sum(x []float32) float32 {
	if isa.UseSIMD {
		return sumSIMD(data(x), len(x))
	}
	var s [sumLanes]float32
	for ; len(x) >= sumLanes; x = x[sumLanes:] {
		for i, v := range (*[sumLanes]float32)(x) {
			s[i] += v
		}
	}
	for i, v := range x {
		s[i] += v
	}
	return foldLanes(&s)
}

// sumLanes is the number of partial sums of [Sum].
const sumLanes = 32

// foldLanes adds up the partial sums of [Sum] in their documented order.
func foldLanes(s *[sumLanes]float32) float32 {
	var t [8]float32
	for i := range t {
		t[i] = (s[i] + s[i+8]) + (s[i+16] + s[i+24])
	}
	return foldVector(&t)
}

// foldVector adds up the eight elements of a vector as the assembly does.
func foldVector(t *[8]float32) float32 {
	return ((t[0] + t[4]) + (t[2] + t[6])) + ((t[1] + t[5]) + (t[3] + t[7]))
}

// The assembly.

//go:noescape
func sumSIMD(x *float32, n int) float32
