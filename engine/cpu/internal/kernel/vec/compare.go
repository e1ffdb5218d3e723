package vec

import (
	"math"

	"github.com/strideml/stride/internal/isa"
)

// Less computes 1 where a < b and 0 elsewhere, also where one is NaN.
func Less(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if isa.UseSIMD {
		lessSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v < b[i])
	}
}

// LessEqual computes 1 where a ≤ b and 0 elsewhere, also where one is NaN.
func LessEqual(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if isa.UseSIMD {
		lessEqualSIMD(data(dst), data(a), data(b), len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v <= b[i])
	}
}

// LessS computes 1 where a < s and 0 elsewhere.
func LessS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		lessSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v < s)
	}
}

// LessEqualS computes 1 where a ≤ s and 0 elsewhere.
func LessEqualS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		lessEqualSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v <= s)
	}
}

// GreaterS computes 1 where a > s and 0 elsewhere.
func GreaterS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		greaterSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v > s)
	}
}

// GreaterEqualS computes 1 where a ≥ s and 0 elsewhere.
func GreaterEqualS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		greaterEqualSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v >= s)
	}
}

// Where computes a where the condition is not 0 (NaN is not), and b elsewhere.
func Where(dst, condition, a, b []float32) {
	condition, a, b = condition[:len(dst)], a[:len(dst)], b[:len(dst)]
	if isa.UseSIMD {
		whereSIMD(data(dst), data(condition), data(a), data(b), len(dst))
		return
	}
	for i, c := range condition {
		yes, no := math.Float32bits(a[i]), math.Float32bits(b[i])
		if c != 0 {
			no = yes
		}
		dst[i] = math.Float32frombits(no)
	}
}

// FakeQuantize computes what graph.FakeQuantizeOp says, with least and most as Min and Max;
// scale and zero have an element for each of x. A NaN stays a NaN.
func FakeQuantize(dst, x, scale, zero []float32, least, most float32) {
	x, scale, zero = x[:len(dst)], scale[:len(dst)], zero[:len(dst)]
	if isa.UseSIMD {
		fakeQuantizeSIMD(data(dst), data(x), data(scale), data(zero), least, most, len(dst))
		return
	}
	for i, v := range x {
		s, z := scale[i], zero[i]
		q := float32(math.RoundToEven(float64(v/s))) + z
		if q < least {
			q = least
		}
		if q > most {
			q = most
		}
		dst[i] = (q - z) * s
	}
}

// The assembly.

//go:noescape
func lessSIMD(dst, a, b *float32, n int)

//go:noescape
func lessEqualSIMD(dst, a, b *float32, n int)

//go:noescape
func lessSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func lessEqualSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func greaterSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func greaterEqualSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func whereSIMD(dst, condition, a, b *float32, n int)

//go:noescape
func fakeQuantizeSIMD(dst, x, scale, zero *float32, least, most float32, n int)
