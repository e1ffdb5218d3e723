package main

import (
	. "github.com/mmcloughlin/avo/build"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// exp returns eˣ.
func exp(x vec) vec {
	// A NaN is the second operand of both, and so stays.
	x = lesser(load(num(coef.ExpMax)), x)
	x = greater(load(num(coef.ExpMin)), x)
	return expInRange(x)
}

// expInRange returns eˣ for ExpMin ≤ x ≤ ExpMax or NaN. 2ⁿ is multiplied in two
// halves, because it may be out of range where the result is not.
func expInRange(x vec) vec {
	p, n := expParts(x)
	half := shift(VPSRAD, 1, n)
	p = times(p, pow2(half))
	return times(p, pow2(minusInt(n, half)))
}

// expParts returns p and n with eˣ = p·2ⁿ and p in [√½, √2]. n is an integer in the
// low bits of its lanes, with other bits above the lowest ten.
func expParts(x vec) (p, n vec) {
	p, n = expReduced(x)
	p = fma(p, x, num(1))
	p = fma(p, x, num(1))
	return p, n
}

// expReduced makes r of x and returns q and n with eˣ = (1 + r + r²·q)·2ⁿ.
func expReduced(x vec) (q, n vec) {
	n = fma(load(num(coef.Log2E)), x, num(coef.Magic))
	k := minus(n, num(coef.Magic))
	reduce(x, k, num(coef.Ln2Hi))
	reduce(x, k, num(coef.Ln2Lo))
	return horner(coef.Exp[:], x), n
}

// pow2 returns 2ⁿ for −126 ≤ n ≤ 127, looking at the lowest nine bits only.
func pow2(n vec) vec { return plusInt(shift(VPSLLD, 23, n), bits(oneBits)) }

// ln returns the natural logarithm of x.
func ln(x vec) vec {
	tiny := compare(x, less, num(coef.SmallestNormal))
	m := choose(tiny, times(x, num(coef.LogScale)), x)
	m = minusInt(m, bits(coef.SqrtHalfBits))
	k := shift(VPSRAD, 23, m)
	k = plusInt(k, and(tiny, bits(word(-coef.LogScaleLog2))))
	emit(VCVTDQ2PS, k, k)
	m = plusInt(and(m, bits(0x7fffff)), bits(coef.SqrtHalfBits))
	y := lnParts(minus(m, num(1)), k)

	y = or(y, compare(x, lessOrNaN, bits(0))) // all bits set are a NaN
	y = choose(compare(x, equal, bits(0)), negInf(), y)
	return choose(compare(x, equal, bits(0x7f800000)), x, y)
}

// lnParts returns ln(1+f) + k·ln2 for √½ ≤ 1+f < √2.
func lnParts(f, k vec) vec {
	f2 := times(f, f)
	y := times(times(horner(coef.Log[:], f), f), f2)
	accumulate(y, f2, num(-0.5))
	accumulate(y, k, num(coef.Ln2Lo))
	y = plus(y, f)
	accumulate(y, k, num(coef.Ln2Hi))
	return y
}

// word returns the bits of a 32-bit integer.
func word(i int32) uint32 { return uint32(i) }

// sigmoid returns 1/(1+e⁻ˣ): with e = e^−|x|, which cannot overflow, it is e/(1+e)
// where x is negative and 1/(1+e) elsewhere.
func sigmoid(x vec) vec {
	e := or(x, bits(signBits))
	e = expInRange(greater(load(num(coef.ExpMin)), e))
	return over(choose(x, e, load(num(1))), plus(e, num(1)))
}

// tanh returns the hyperbolic tangent of x: a polynomial of |x| where that is
// small, 1 − 2/(e^2|x|+1) elsewhere.
func tanh(x vec) vec {
	a := andNot(load(bits(signBits)), x)
	t := times(a, a)
	near := times(horner(coef.Tanh[:], t), t)
	near = fma(near, a, a)

	c := lesser(load(num(coef.TanhMax)), a)
	p, n := expParts(plus(c, c))
	d := fma(p, pow2(n), num(1))
	far := minus(load(num(1)), over(load(num(2)), d))

	y := choose(compare(a, less, num(coef.TanhSmall)), near, far)
	return or(y, and(x, bits(signBits)))
}

// mix scrambles the bits of each lane, as mix32 of the twins does.
func mix(x vec) vec {
	x = timesInt(xor(x, shift(VPSRLD, 16, x)), bits(coef.Mix1))
	x = timesInt(xor(x, shift(VPSRLD, 15, x)), bits(coef.Mix2))
	return xor(x, shift(VPSRLD, 16, x))
}
