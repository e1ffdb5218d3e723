package main

import (
	"strings"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// activationKernels emits the functions of one or two slices with parameters. in are
// x and, for gradients, dy; p are the parameters. unroll is as many vectors as
// registers allow.
func activationKernels() {
	activation := func(name string, unroll int, parameters string, f func(in, p []vec) vec) {
		activationKernel(name, unroll, "x", parameters, f)
	}
	gradient := func(name string, unroll int, parameters string, f func(in, p []vec) vec) {
		activationKernel(name+"Grad", unroll, "x, dy", parameters, f)
	}
	activation("abs", 4, "", func(in, _ []vec) vec { return absolute(in[0]) })
	gradient("abs", 4, "", func(in, _ []vec) vec {
		sign := xor(in[0], absolute(in[0]))
		return and(xor(sign, in[1]), or(positive(in[0]), negative(in[0])))
	})
	activation("clip", 4, "lo, hi", func(in, p []vec) vec {
		v := choose(above(p[0], in[0]), p[0], in[0])
		return choose(above(v, p[1]), p[1], v)
	})
	gradient("clip", 4, "lo, hi", func(in, p []vec) vec {
		return and(and(above(in[0], p[0]), above(p[1], in[0])), in[1])
	})
	activation("leakyReLU", 4, "slope", func(in, p []vec) vec {
		return choose(positive(in[0]), in[0], times(in[0], p[0]))
	})
	gradient("leakyReLU", 4, "slope", func(in, p []vec) vec {
		return choose(positive(in[0]), in[1], times(in[1], p[0]))
	})
	activation("hardSigmoid", 4, "", func(in, _ []vec) vec { return hardSigmoid(in[0]) })
	gradient("hardSigmoid", 4, "", func(in, _ []vec) vec {
		return and(above(num(3).all(), absolute(in[0])), over(in[1], num(6).all()))
	})
	activation("hardSwish", 4, "", func(in, _ []vec) vec { return times(hardSigmoid(in[0]), in[0]) })
	gradient("hardSwish", 3, "", func(in, _ []vec) vec {
		d := times(plus(over(in[0], num(3).all()), num(0.5).all()), in[1])
		upper := choose(atLeast(in[0], num(3).all()), in[1], d)
		return andNot(upper, atLeast(num(-3).all(), in[0]))
	})
	activation("silu", 3, "", func(in, _ []vec) vec { return times(sigmoid(in[0]), in[0]) })
	gradient("silu", 2, "", func(in, _ []vec) vec {
		s, rest := sigmoids(in[0])
		return times(times(in[1], s), fma(rest, in[0], num(1)))
	})
	activation("elu", 3, "alpha", func(in, p []vec) vec {
		y := times(expMinusOne(in[0]), p[0])
		return choose(positive(in[0]), in[0], y)
	})
	gradient("elu", 2, "alpha", func(in, p []vec) vec {
		mask := positive(in[0])
		return choose(mask, in[1], times(times(p[0], in[1]), exp(in[0])))
	})
	activation("softplus", 2, "beta, threshold", func(in, p []vec) vec {
		t := times(in[0], p[0])
		mask := above(t, p[1])
		return choose(mask, in[0], over(logOnePlusExp(t), p[0]))
	})
	gradient("softplus", 2, "beta, threshold", func(in, p []vec) vec {
		t := times(in[0], p[0])
		mask := above(t, p[1])
		return choose(mask, in[1], times(sigmoid(t), in[1]))
	})
	activation("erf", 2, "", func(in, _ []vec) vec { return erf(in[0]) })
	activation("gelu", 2, "", func(in, _ []vec) vec {
		_, e, h := normalTail(in[0])
		return times(normal(in[0], times(e, h)), in[0])
	})
	gradient("gelu", 2, "", func(in, _ []vec) vec {
		a, e, h := normalTail(in[0])
		reduceBy(h, a, num(coef.InvSqrt2Pi))
		return times(normal(in[0], times(e, h)), in[1])
	})
	activation("geluTanh", 2, "", func(in, _ []vec) vec {
		u := num(coef.GELUTanh1).all()
		accumulateBy(u, times(in[0], in[0]), num(coef.GELUTanh3))
		return times(sigmoid(times(u, in[0])), in[0])
	})
	gradient("geluTanh", 2, "", func(in, _ []vec) vec {
		x := greater(lesser(in[0], num(coef.GELUTanhMax).all()), num(-coef.GELUTanhMax).all())
		t := times(x, x)
		u, d := num(coef.GELUTanh1).all(), num(coef.GELUTanh1).all()
		accumulateBy(u, t, num(coef.GELUTanh3))
		accumulateBy(d, t, num(3*coef.GELUTanh3))
		s, rest := sigmoids(times(u, x))
		return times(times(in[1], s), fma(times(d, x), rest, num(1)))
	})
}

// activationKernel emits one of them.
func activationKernel(name string, unroll int, slices, parameters string, f func(in, p []vec) vec) {
	signature := "(dst, " + slices + " *float32, "
	if parameters != "" {
		signature += parameters + " float32, "
	}
	function(name+"SIMD", signature+"n int)")
	dst, pointers := argument("dst"), arguments(strings.Split(slices, ", ")...)
	var p []vec
	if parameters != "" {
		for _, name := range strings.Split(parameters, ", ") {
			p = append(p, broadcast(name))
		}
	}
	overRow("row", argument("n"), unroll, func(b block) {
		in := loadAll(b, pointers)
		b.in(dst).store(weaveEach(b.vectors, func(i int) vec { return f(column(in, i), p) }))
	})
	finish()
}

// hardSigmoid returns min(max(0, x+3), 6)/6.
func hardSigmoid(x vec) vec {
	t := plus(x, num(3).all())
	return over(lesser(rectified(t), num(6).all()), num(6).all())
}

// sigmoids returns σ(x) and 1−σ(x), both without cancellation.
func sigmoids(x vec) (s, rest vec) {
	e := expInRange(greater(negated(absolute(x)), num(coef.ExpMin).all()))
	large := over(num(1).all(), plus(e, num(1).all()))
	small := times(e, large)
	return choose(negative(x), small, large), choose(negative(x), large, small)
}

// expMinusOne returns eˣ−1 for x ≤ 0 or NaN: with r and n of expReduced,
// 2ⁿ·(r+r²·q) + (2ⁿ−1), which is exact near 0, where n is 0.
func expMinusOne(x vec) vec {
	r := greater(x, num(coef.ExpMinusOneMin).all())
	q, n := expReduced(r)
	accumulate(r, times(q, r), r)
	scale := pow2(n)
	y := minus(scale, num(1).all())
	accumulate(y, r, scale)
	return y
}

// logOnePlusExp returns log(1+eᵗ) = max(0, t) + log(1+e), e = e^−|t|. Where e is
// below √2−1, it is the f of lnParts, elsewhere that is (1+e)/2 − 1.
func logOnePlusExp(t vec) vec {
	e := expInRange(greater(negated(absolute(t)), num(coef.ExpMin).all()))
	large := above(e, num(coef.Log1pSplit).all())
	k := indicator(large)
	f := choose(large, timesBy(minus(e, num(1).all()), num(0.5)), e)
	return plus(lnParts(f, k), rectified(t))
}

// normalTail returns a = min(|x|, NormalMax), e and h with e·h = Φ(−a), e = e^(−a²/2).
// What rounding takes from a² is made good: it would count for much in the tail.
func normalTail(x vec) (a, e, h vec) {
	a = lesser(absolute(x), num(coef.NormalMax).all())
	square := times(a, a)
	lost := negated(square)
	accumulate(lost, a, a)
	e = expInRange(greater(timesBy(square, num(-0.5)), num(coef.ExpMin).all()))
	accumulate(e, timesBy(lost, num(-0.5)), e)
	return a, e, normalRatio(a)
}

// normalRatio returns h of normalTail.
func normalRatio(a vec) vec {
	t := num(1).all()
	accumulateBy(t, a, num(coef.NormalScale))
	t = over(num(1).all(), t)
	return times(horner(coef.Normal[:], t), t)
}

// normal returns tail where x is negative, 1 − tail elsewhere.
func normal(x, tail vec) vec {
	return choose(rightSigned(x, 31), tail, minus(num(1).all(), tail))
}

// erf returns the error function of x: a polynomial of |x| where that is small,
// 1 − 2·Φ(−√2·|x|) elsewhere.
func erf(x vec) vec {
	a := lesser(absolute(x), num(coef.ErfMax).all())
	square := times(a, a)
	near := absolute(a)
	accumulate(near, a, horner(coef.Erf[:], square))
	e := expInRange(negated(square))
	far := num(1).all()
	reduceBy(far, times(e, normalRatio(timesBy(a, num(coef.Sqrt2)))), num(2))
	y := choose(above(num(coef.ErfSmall).all(), a), near, far)
	return or(y, xor(x, absolute(x)))
}
