package vec

import "github.com/strideml/stride/internal/isa"

// AddS computes dst = a + s.
func AddS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		addSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v + s
	}
}

// SubS computes dst = a − s.
func SubS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		subSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v - s
	}
}

// RsubS computes dst = s − a.
func RsubS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		rsubSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = s - v
	}
}

// MulS computes dst = a·s.
func MulS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		mulSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v * s
	}
}

// DivS computes dst = a/s, correctly rounded.
func DivS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		divSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = v / s
	}
}

// RdivS computes dst = s/a, correctly rounded.
func RdivS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		rdivSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = s / v
	}
}

// EqualS computes 1 where a = s and 0 elsewhere.
func EqualS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		equalSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = oneIf(v == s)
	}
}

// Fill sets every element of dst to v.
func Fill(dst []float32, v float32) {
	if isa.UseSIMD {
		fillSIMD(data(dst), v, len(dst))
		return
	}
	for i := range dst {
		dst[i] = v
	}
}

// MinS computes dst = min(a, s), NaN if either is NaN.
func MinS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		minSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = smaller(v, s)
	}
}

// MaxS computes dst = max(a, s), NaN if either is NaN.
func MaxS(dst, a []float32, s float32) {
	a = a[:len(dst)]
	if isa.UseSIMD {
		maxSSIMD(data(dst), data(a), s, len(dst))
		return
	}
	for i, v := range a {
		dst[i] = larger(v, s)
	}
}

// The assembly.

//go:noescape
func addSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func subSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func rsubSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func mulSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func divSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func rdivSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func equalSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func fillSIMD(dst *float32, v float32, n int)

//go:noescape
func minSSIMD(dst, a *float32, s float32, n int)

//go:noescape
func maxSSIMD(dst, a *float32, s float32, n int)
