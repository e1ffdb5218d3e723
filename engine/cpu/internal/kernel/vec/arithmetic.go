package vec

import (
	"math"
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// Neg computes dst = -x.
func Neg(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
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
	if isa.UseSIMD {
		equalSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v == b[i])
	}
}

// oneIf is 1 if the condition holds and 0 otherwise. The compiler makes a move of bits
// of it, and no branch.
func oneIf(condition bool) float32 {
	bits := uint32(0)
	if condition {
		bits = oneBits
	}
	return math.Float32frombits(bits)
}

const oneBits = 0x3f800000 // of 1

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

// Abs computes dst = |x|.
func Abs(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		absSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = abs32(v)
	}
}

// AbsGrad computes the gradient of [Abs] from its argument x: dst = dy where x > 0,
// −dy where x < 0 and 0 where x is 0 or NaN.
func AbsGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		absGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		switch {
		case v < 0:
			g = -g
		case !(v > 0):
			g = 0
		}
		dst[i] = g
	}
}

// Clip computes dst = min(max(lo, x), hi), lo ≤ hi; a NaN stays a NaN. −0 stays −0
// if a bound is 0.
func Clip(dst, x []float32, lo, hi float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		clipSIMD(data(dst), data(x), lo, hi, len(dst))
		return
	}
	for i, v := range x {
		if v < lo {
			v = lo
		}
		if v > hi {
			v = hi
		}
		dst[i] = v
	}
}

// ClipGrad computes the gradient of [Clip] from its argument x: dst = dy where
// lo < x < hi and 0 elsewhere.
func ClipGrad(dst, x, dy []float32, lo, hi float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		clipGradSIMD(data(dst), data(x), data(dy), lo, hi, len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		if !(v > lo && v < hi) {
			g = 0
		}
		dst[i] = g
	}
}

// Min computes dst = min(a, b), NaN if either is NaN.
func Min(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if isa.UseSIMD {
		minSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = smaller(v, b[i])
	}
}

// Max computes dst = max(a, b), NaN if either is NaN.
func Max(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if isa.UseSIMD {
		maxSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = larger(v, b[i])
	}
}

// smaller is the minimum of a and b: a NaN if either is NaN, b if they are equal.
func smaller(a, b float32) float32 {
	if a < b || a != a {
		return a
	}
	return b
}

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

//go:noescape
func absSIMD(dst, x *float32, n int)

//go:noescape
func absGradSIMD(dst, x, dy *float32, n int)

//go:noescape
func clipSIMD(dst, x *float32, lo, hi float32, n int)

//go:noescape
func clipGradSIMD(dst, x, dy *float32, lo, hi float32, n int)

//go:noescape
func minSIMD(dst, a, b *float32, n int)

//go:noescape
func maxSIMD(dst, a, b *float32, n int)
