package vec

import "github.com/strideml/stride/internal/isa"

// SiLU computes dst = x·σ(x), σ being [Sigmoid], with an error of at most 3.5 ulp
// (3.09, 3.09); below x = −87.3, where σ(x) is a denormal number, of at most 2⁻¹⁴³. It is
// NaN for −Inf, as in PyTorch.
func SiLU(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseAVX512 {
		siluAVX512(data(dst), data(x), len(dst))
		return
	}
	if isa.UseSIMD {
		siluSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = v * sigmoid32(v)
	}
}

// SiLUGrad computes the gradient of [SiLU] from its argument x:
// dst = dy·σ(x)·(1 + x·(1−σ(x))), with an error of at most 3e-7·|dy|.
func SiLUGrad(dst, x, dy []float32) {
	x, dy = x[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		siluGradSIMD(data(dst), data(x), data(dy), len(dst))
		return
	}
	for i, v := range x {
		s, rest := sigmoids32(v)
		dst[i] = dy[i] * s * (rest*v + 1)
	}
}

// sigmoids32 returns σ(x) and 1−σ(x), both without cancellation.
func sigmoids32(x float32) (s, rest float32) {
	e := exp32(-abs32(x))
	large := 1 / (1 + e)
	small := e * large
	if x < 0 {
		return small, large
	}
	return large, small
}

// The assembly.

//go:noescape
func siluSIMD(dst, x *float32, n int)

//go:noescape
func siluAVX512(dst, x *float32, n int)

//go:noescape
func siluGradSIMD(dst, x, dy *float32, n int)
