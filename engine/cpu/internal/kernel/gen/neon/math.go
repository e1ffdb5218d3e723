package main

import "github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"

// The functions of this file ruin their argument. Constants that multiply are taken
// from a lane; those that are added are spread to a new register, which the
// multiply-add needs for its result anyway.

// exp returns eˣ.
func exp(x vec) vec {
	x = lesser(x, num(coef.ExpMax).all())
	return expInRange(greater(x, num(coef.ExpMin).all()))
}

// expInRange returns eˣ for ExpMin ≤ x ≤ ExpMax or NaN. 2ⁿ is multiplied in two
// halves, because it may be out of range where the result is not.
func expInRange(x vec) vec {
	p, n := expParts(x)
	half := rightSigned(n, 1)
	p = times(p, pow2(half))
	return times(p, pow2(minusInt(n, half)))
}

// expParts returns p and n with eˣ = p·2ⁿ and p in [√½, √2]. n is an integer in the
// low bits of its lanes, with other bits above the lowest ten.
func expParts(x vec) (p, n vec) {
	p, n = expReduced(x)
	p = fma(p, x, num(1))
	return fma(p, x, num(1)), n
}

// expReduced makes r of x and returns q and n with eˣ = (1 + r + r²·q)·2ⁿ.
func expReduced(x vec) (q, n vec) {
	n = num(coef.Magic).all()
	accumulateBy(n, x, num(coef.Log2E))
	k := minus(n, num(coef.Magic).all())
	reduceBy(x, k, num(coef.Ln2Hi))
	reduceBy(x, k, num(coef.Ln2Lo))
	return horner(coef.Exp[:], x), n
}

// pow2 returns 2ⁿ for −126 ≤ n ≤ 127, looking at the lowest nine bits only.
func pow2(n vec) vec { return plusInt(left(n, 23), bits(oneBits).all()) }

// ln returns the natural logarithm of x.
func ln(x vec) vec {
	tiny := above(num(coef.SmallestNormal).all(), x)
	m := timesBy(x, num(coef.LogScale))
	ins("VBIF", tiny.b16(), x.b16(), m.b16()) // x where not tiny
	m = minusInt(m, bits(coef.SqrtHalfBits).all())
	k := plusInt(rightSigned(m, 23), and(tiny, bits(asBits(-coef.LogScaleLog2)).all()))
	k = toFloat(k)
	m = plusInt(and(m, bits(0x7fffff).all()), bits(coef.SqrtHalfBits).all())
	y := lnParts(minus(m, num(1).all()), k)

	y = orNot(y, notNegative(x)) // all bits set are a NaN
	y = choose(isZero(x), bits(negInfBits).all(), y)
	return choose(equal(x, bits(infBits).all()), x, y)
}

// lnParts returns ln(1+f) + k·ln2 for √½ ≤ 1+f < √2.
func lnParts(f, k vec) vec {
	f2 := times(f, f)
	y := times(times(horner(coef.Log[:], f), f), f2)
	reduceBy(y, f2, num(0.5))
	accumulateBy(y, k, num(coef.Ln2Lo))
	y = plus(y, f)
	accumulateBy(y, k, num(coef.Ln2Hi))
	return y
}

// asBits returns the bits of an integer.
func asBits(i int32) uint32 { return uint32(i) }

// sigmoid returns 1/(1+e⁻ˣ): with e = e^−|x|, which cannot overflow, it is e/(1+e)
// where x is negative and 1/(1+e) elsewhere.
func sigmoid(x vec) vec {
	e := expInRange(greater(negated(absolute(x)), num(coef.ExpMin).all()))
	return over(choose(negative(x), e, num(1).all()), plus(e, num(1).all()))
}

// tanh returns the hyperbolic tangent of x: a polynomial of |x| where that is
// small, 1 − 2/(e^2|x|+1) elsewhere.
func tanh(x vec) vec {
	a := absolute(x)
	t := times(a, a)
	near := absolute(x)
	accumulate(near, a, times(horner(coef.Tanh[:], t), t))

	c := lesser(a, num(coef.TanhMax).all())
	p, n := expParts(plus(c, c))
	far := minus(num(1).all(), over(num(2).all(), fma(p, pow2(n), num(1))))

	y := choose(above(num(coef.TanhSmall).all(), a), near, far)
	return or(y, xor(x, a)) // whose sign is all that they differ in
}

// mix scrambles the bits of each lane, as mix32 of the twins does.
func mix(x vec) vec {
	x = timesInt(xor(x, right(x, 16)), bits(coef.Mix1).all())
	x = timesInt(xor(x, right(x, 15)), bits(coef.Mix2).all())
	return xor(x, right(x, 16))
}
