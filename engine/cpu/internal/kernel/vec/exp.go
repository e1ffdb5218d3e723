package vec

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
	"github.com/strideml/stride/internal/isa"
)

// Exp computes dst = eˣ with an error of at most 1 ulp (0.90, 0.98), also where
// the result is a denormal number. It is +Inf from x = 88.72284 on, 0 below
// x = −103.9721, and NaN for NaN.
func Exp(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		expSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = exp32(v)
	}
}

// Log computes the natural logarithm of x with an error of at most 1 ulp
// (0.92, 0.93), denormal numbers included. It is −Inf for ±0, +Inf for +Inf and NaN where x is
// negative or NaN.
func Log(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		logSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = log32(v)
	}
}

// Sigmoid computes dst = 1/(1+e⁻ˣ) with an error of at most 2.5 ulp (2.41, 2.41),
// down to the denormal results below x = −87.3. It is 0 for −Inf, 1 for +Inf and
// NaN for NaN.
func Sigmoid(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseAVX512 {
		sigmoidAVX512(data(dst), data(x), len(dst))
		return
	}
	if isa.UseSIMD {
		sigmoidSIMD(data(dst), data(x), len(dst))
		return
	}
	sigmoidGo(dst, x)
}

// sigmoidGo applies [sigmoid32] to each element, with the functions that it calls written
// out: calls take most of the time otherwise, on js/wasm above all.
func sigmoidGo(dst, x []float32) {
	x = x[:len(dst)]
	c := coef.Exp // in local variables
	c0, c1, c2, c3, c4 := c[0], c[1], c[2], c[3], c[4]
	for i, v := range x {
		a := -abs32(v)
		if a < coef.ExpMin {
			a = coef.ExpMin
		}
		t := float32(a*coef.Log2E) + coef.Magic
		n := int32(math.Float32bits(t)) - coef.MagicBits
		k := t - coef.Magic
		r := a - float32(k*coef.Ln2Hi) - float32(k*coef.Ln2Lo)
		q := (((c4*r+c3)*r+c2)*r+c1)*r + c0
		half := n >> 1
		e := ((q*r*r + r) + 1) * pow2(half) * pow2(n-half)
		if v < 0 {
			dst[i] = e / (1 + e)
		} else {
			dst[i] = 1 / (1 + e)
		}
	}
}

// SigmoidGrad computes the gradient of [Sigmoid] from its output y:
// dst = (dy·y)·(1−y).
func SigmoidGrad(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		sigmoidGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	for i, v := range y {
		dst[i] = dy[i] * v * (1 - v)
	}
}

// Tanh computes the hyperbolic tangent of x with an error of at most 1.5 ulp
// (1.37, 1.32), for small x too. It is ±1 for ±Inf, ±0 for ±0 and NaN for NaN.
func Tanh(dst, x []float32) {
	x = x[:len(dst)]
	if isa.UseSIMD {
		tanhSIMD(data(dst), data(x), len(dst))
		return
	}
	for i, v := range x {
		dst[i] = tanh32(v)
	}
}

// TanhGrad computes the gradient of [Tanh] from its output y: dst = dy·(1−y²).
func TanhGrad(dst, y, dy []float32) {
	y, dy = y[:len(dst)], dy[:len(dst)]
	if isa.UseSIMD {
		tanhGradSIMD(data(dst), data(y), data(dy), len(dst))
		return
	}
	for i, v := range y {
		dst[i] = dy[i] * (1 - v*v)
	}
}

// The twins of the transcendental functions follow the assembly step by step, but
// round after every multiplication.

// exp32 returns eˣ.
func exp32(x float32) float32 {
	if x > coef.ExpMax {
		x = coef.ExpMax
	} else if x < coef.ExpMin {
		x = coef.ExpMin
	}
	p, n := expParts(x)
	half := n >> 1 // 2ⁿ may be out of range where p·2ⁿ is not
	return p * pow2(half) * pow2(n-half)
}

// expParts returns p in [√½, √2] and n with eˣ = p·2ⁿ.
func expParts(x float32) (p float32, n int32) {
	r, q, n := expReduced(x)
	return (q*r*r + r) + 1, n
}

// expReduced returns r, q and n with eˣ = (1 + r + r²·q)·2ⁿ.
func expReduced(x float32) (r, q float32, n int32) {
	t := float32(x*coef.Log2E) + coef.Magic
	n = int32(math.Float32bits(t)) - coef.MagicBits
	k := t - coef.Magic
	r = x - float32(k*coef.Ln2Hi) - float32(k*coef.Ln2Lo)
	c := &coef.Exp
	q = (((c[4]*r+c[3])*r+c[2])*r+c[1])*r + c[0]
	return r, q, n
}

// pow2 returns 2ⁿ for −126 ≤ n ≤ 127.
func pow2(n int32) float32 {
	return math.Float32frombits(uint32(n+127) << 23)
}

// log32 returns the natural logarithm of x.
func log32(x float32) float32 {
	switch {
	case !(x > 0):
		if x == 0 {
			return float32(math.Inf(-1))
		}
		return float32(math.NaN())
	case x > math.MaxFloat32:
		return x
	}
	var k int32
	if x < coef.SmallestNormal {
		x *= coef.LogScale
		k = -coef.LogScaleLog2
	}
	bits := int32(math.Float32bits(x)) - coef.SqrtHalfBits
	k += bits >> 23
	return logParts(math.Float32frombits(uint32(bits&0x7fffff)+coef.SqrtHalfBits)-1, float32(k))
}

// logParts returns log(1+f) + k·log 2 for √½ ≤ 1+f < √2.
func logParts(f, k float32) float32 {
	c := &coef.Log
	p := ((((((c[7]*f+c[6])*f+c[5])*f+c[4])*f+c[3])*f+c[2])*f+c[1])*f + c[0]
	f2 := f * f
	y := f*f2*p - 0.5*f2 + k*coef.Ln2Lo
	return float32(k*coef.Ln2Hi) + (f + y)
}

// sigmoid32 returns 1/(1+e⁻ˣ), computed from e^−|x|, which cannot overflow.
func sigmoid32(x float32) float32 {
	e := exp32(-abs32(x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// tanh32 returns the hyperbolic tangent of x.
func tanh32(x float32) float32 {
	a := abs32(x)
	var y float32
	if a < coef.TanhSmall {
		c := &coef.Tanh
		t := a * a
		p := (((c[4]*t+c[3])*t+c[2])*t+c[1])*t + c[0]
		y = a*(t*p) + a
	} else {
		if a > coef.TanhMax {
			a = coef.TanhMax
		}
		p, n := expParts(2 * a)
		y = 1 - 2/(p*pow2(n)+1)
	}
	return math.Float32frombits(math.Float32bits(y) | math.Float32bits(x)&signBit)
}

// signBit is the sign of a float32's bits.
const signBit = 1 << 31

// abs32 returns |x|.
func abs32(x float32) float32 {
	return math.Float32frombits(math.Float32bits(x) &^ signBit)
}

// The assembly.

//go:noescape
func expSIMD(dst, x *float32, n int)

//go:noescape
func logSIMD(dst, x *float32, n int)

//go:noescape
func sigmoidSIMD(dst, x *float32, n int)

//go:noescape
func sigmoidAVX512(dst, x *float32, n int)

//go:noescape
func sigmoidGradSIMD(dst, a, b *float32, n int)

//go:noescape
func tanhSIMD(dst, x *float32, n int)

//go:noescape
func tanhGradSIMD(dst, a, b *float32, n int)
