package kernel

import (
	"math"
	"unsafe"
)

// Neg computes dst = -x.
func Neg(dst, x []float32) {
	x = x[:len(dst)]
	if useSIMD {
		negSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = -v
	}
}

// reciprocal computes dst = 1/x, correctly rounded.
func reciprocal(dst, x []float32) {
	x = x[:len(dst)]
	if useSIMD {
		reciprocalSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = 1 / v
	}
}

// Sqrt computes dst = √x, correctly rounded; NaN where x is negative.
func Sqrt(dst, x []float32) {
	x = x[:len(dst)]
	if useSIMD {
		sqrtSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

// Add computes dst = a + b.
func Add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if useSIMD {
		addSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v + b[i]
	}
}

// Sub computes dst = a − b.
func Sub(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if useSIMD {
		subSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v - b[i]
	}
}

// Mul computes dst = a·b.
func Mul(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if useSIMD {
		mulSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v * b[i]
	}
}

// Div computes dst = a/b, correctly rounded.
func Div(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if useSIMD {
		divSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v / b[i]
	}
}

// Equal computes 1 where a = b and 0 elsewhere, also where one is NaN.
func Equal(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if useSIMD {
		equalSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v == b[i])
	}
}

// oneIf is 1 if the condition holds and 0 otherwise.
func oneIf(condition bool) float32 {
	if condition {
		return 1
	}
	return 0
}

// larger is the maximum of a and b: a NaN if either is NaN, b if they are equal.
func larger(a, b float32) float32 {
	if a > b || a != a {
		return a
	}
	return b
}

var (
	nan32    = float32(math.NaN())
	minusInf = float32(math.Inf(-1))
)

// data returns where a slice lies.
func data(x []float32) *float32 { return unsafe.SliceData(x) }

// The assembly.

//go:noescape
func negSIMD(dst, x *float32, n int)

//go:noescape
func reciprocalSIMD(dst, x *float32, n int)

//go:noescape
func sqrtSIMD(dst, x *float32, n int)

//go:noescape
func addSIMD(dst, a, b *float32, n int)

//go:noescape
func subSIMD(dst, a, b *float32, n int)

//go:noescape
func mulSIMD(dst, a, b *float32, n int)

//go:noescape
func divSIMD(dst, a, b *float32, n int)

//go:noescape
func equalSIMD(dst, a, b *float32, n int)
