package vec

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/isa"
)

// ELU computes dst = x where x > 0 and alpha·(eˣ−1) elsewhere, with an error of at
// most 2 ulp (1.60, 1.58), for small x too.
func ELU(dst, x []float32, alpha float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		eluSIMD(data(dst), data(x), alpha, len(dst))
		return
	}
	for i, v := range x {
		if !(v > 0) {
			v = alpha * expMinusOne32(v)
		}
		dst[i] = v
	}
}

// ELUGrad computes the gradient of [ELU] from its argument x: dst = dy where x > 0
// and alpha·dy·eˣ elsewhere.
func ELUGrad(dst, x, dy []float32, alpha float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		eluGradSIMD(data(dst), data(x), data(dy), alpha, len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		if !(v > 0) {
			g = alpha * g * exp32(v)
		}
		dst[i] = g
	}
}

// Softplus computes dst = x where beta·x > threshold and log(1+e^(beta·x))/beta
// elsewhere, beta > 0. Its error is at most 2.5 ulp (1.70, 1.70) if beta is 1; otherwise
// beta·x is rounded, which adds up to |beta·x|/2 ulp where x is negative.
func Softplus(dst, x []float32, beta, threshold float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		softplusSIMD(data(dst), data(x), beta, threshold, len(dst))
		return
	}
	for i, v := range x {
		if t := v * beta; !(t > threshold) {
			v = logOnePlusExp32(t) / beta
		}
		dst[i] = v
	}
}

// SoftplusGrad computes the gradient of [Softplus] from its argument x: dst = dy
// where beta·x > threshold and dy·σ(beta·x) elsewhere, σ being [Sigmoid].
func SoftplusGrad(dst, x, dy []float32, beta, threshold float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		softplusGradSIMD(data(dst), data(x), data(dy), beta, threshold, len(dst))
		return
	}
	for i, v := range x {
		g := dy[i]
		if t := v * beta; !(t > threshold) {
			g *= sigmoid32(t)
		}
		dst[i] = g
	}
}

// expMinusOne32 returns eˣ−1 for x ≤ 0 or NaN: with r and n of expReduced,
// 2ⁿ·(r+r²·q) + (2ⁿ−1), which is exact near 0, where n is 0.
func expMinusOne32(x float32) float32 {
	if x < coef.ExpMinusOneMin {
		x = coef.ExpMinusOneMin
	}
	r, q, n := expReduced(x)
	scale := pow2(n)
	return float32((q*r*r+r)*scale) + (scale - 1)
}

// logOnePlusExp32 returns log(1+eᵗ) = max(0, t) + log(1+e), e = e^−|t|. Where e is
// below √2−1, it is the f of logParts, elsewhere that is (1+e)/2 − 1.
func logOnePlusExp32(t float32) float32 {
	f, k := exp32(-abs32(t)), float32(0)
	if f > coef.Log1pSplit {
		f, k = (f-1)*0.5, 1
	}
	y := logParts(f, k)
	if t < 0 {
		return y
	}
	return y + t
}

// The assembly.

//go:noescape
func eluSIMD(dst, x *float32, alpha float32, n int)

//go:noescape
func eluGradSIMD(dst, x, dy *float32, alpha float32, n int)

//go:noescape
func softplusSIMD(dst, x *float32, beta, threshold float32, n int)

//go:noescape
func softplusGradSIMD(dst, x, dy *float32, beta, threshold float32, n int)
