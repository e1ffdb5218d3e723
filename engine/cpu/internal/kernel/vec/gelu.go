package vec

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/isa"
)

// Erf computes the error function 2/√π·∫₀ˣ e^(−t²) dt with an error of at most 2
// ulp (1.68, 1.74), for small x too. It is ±1 for ±Inf, ±0 for ±0 and NaN for NaN.
func Erf(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		erfSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = erf32(v)
	}
}

// GELU computes dst = x·Φ(x), Φ being the distribution function of the standard normal
// distribution, with an error of at most 7.5 ulp (6.62, 7.27); below x = −13, where
// Φ(x) is a denormal number, of at most 2⁻¹⁴⁵. So it is as exact in the tail of negative
// x as elsewhere. It is NaN for −Inf, as in PyTorch.
func GELU(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		geluSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		_, e, h := normalTail(v)
		dst[i] = v * normal(v, e*h)
	}
}

// GELUGrad computes the gradient of [GELU] from its argument x: dst = dy·(Φ(x)+x·φ(x)),
// φ(x) = e^(−x²/2)/√(2π), with an error of at most 3e-7·|dy|. At ±Inf it is the limit,
// dy and 0·dy, where PyTorch has NaN.
func GELUGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		geluGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		a, e, h := normalTail(v)
		dst[i] = dy[i] * normal(v, e*(h-float32(a*coef.InvSqrt2Pi)))
	}
}

// GELUTanh computes dst = x/2·(1+tanh(√(2/π)·(x+0.044715·x³))), PyTorch's
// approximation of [GELU], as x·σ(u) with u = 2·√(2/π)·(x+0.044715·x³), σ being
// [Sigmoid]. Its error is at most 4 ulp where x is above −1 (2.86, 2.91). Below, the rounding
// of u adds up to 2.6·|u| ulp: 18 at x = −3, 230 at x = −10. It is NaN for −Inf, as in
// PyTorch.
func GELUTanh(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		geluTanhSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		u := (float32(v*v)*coef.GELUTanh3 + coef.GELUTanh1) * v
		dst[i] = v * sigmoid32(u)
	}
}

// GELUTanhGrad computes the gradient of [GELUTanh] from its argument x:
// dst = dy·σ(u)·(1 + x·u'·(1−σ(u))), with an error of at most 3e-7·|dy|. At ±Inf it is
// the limit, dy and 0·dy, where PyTorch has NaN.
func GELUTanhGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		geluTanhGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		if v > coef.GELUTanhMax {
			v = coef.GELUTanhMax
		} else if v < -coef.GELUTanhMax {
			v = -coef.GELUTanhMax
		}
		t := v * v
		s, rest := sigmoids32((t*coef.GELUTanh3 + coef.GELUTanh1) * v)
		d := (t*(3*coef.GELUTanh3) + coef.GELUTanh1) * v
		dst[i] = dy[i] * s * (d*rest + 1)
	}
}

// erf32 returns the error function of x: a polynomial of |x| where that is small,
// 1 − 2·Φ(−√2·|x|) elsewhere.
func erf32(x float32) float32 {
	a := abs32(x)
	var y float32
	if a < coef.ErfSmall {
		c := &coef.Erf
		t := a * a
		p := ((((c[5]*t+c[4])*t+c[3])*t+c[2])*t+c[1])*t + c[0]
		y = p*a + a
	} else {
		if a > coef.ErfMax {
			a = coef.ErfMax
		}
		y = 1 - 2*(exp32(-(a*a))*normalRatio(a*coef.Sqrt2))
	}
	return math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&signBit)
}

// normalTail returns a = min(|x|, NormalMax), e and h with e·h = Φ(−a), e = e^(−a²/2).
// What rounding takes from a² is made good: it would count for much in the tail.
func normalTail(x float32) (a, e, h float32) {
	a = abs32(x)
	if a > coef.NormalMax {
		a = coef.NormalMax
	}
	square := a * a
	lost := float32(float64(a)*float64(a) - float64(square)) // without rounding
	e = exp32(square * -0.5)
	return a, float32(lost*-0.5)*e + e, normalRatio(a)
}

// normalRatio returns h of normalTail.
func normalRatio(a float32) float32 {
	c := &coef.Normal
	t := 1 / (a*coef.NormalScale + 1)
	p := (((((c[9]*t+c[8])*t+c[7])*t+c[6])*t+c[5])*t + c[4])
	return ((((p*t+c[3])*t+c[2])*t+c[1])*t + c[0]) * t
}

// normal returns tail where x is negative, 1 − tail elsewhere.
func normal(x, tail float32) float32 {
	if math.Signbit(float64(x)) {
		return tail
	}
	return 1 - tail
}

// The assembly.

//go:noescape
func erfSIMD(dst, x *float32, n int)

//go:noescape
func geluSIMD(dst, x *float32, n int)

//go:noescape
func geluGradSIMD(dst, x, dy *float32, n int)

//go:noescape
func geluTanhSIMD(dst, x *float32, n int)

//go:noescape
func geluTanhGradSIMD(dst, x, dy *float32, n int)
