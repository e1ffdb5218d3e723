package main

import (
	"strings"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// activationKernels emits the functions of one or two slices with parameters. in are
// x and, for gradients, dy; p are the parameters.
func activationKernels() {
	activation := func(name string, unroll int, parameters string, f func(in, p []vec) vec) {
		activationKernel(name, unroll, "x", parameters, f)
	}
	gradient := func(name string, unroll int, parameters string, f func(in, p []vec) vec) {
		activationKernel(name+"Grad", unroll, "x, dy", parameters, f)
	}
	activation("abs", 4, "", func(in, _ []vec) vec { return andNot(load(bits(signBits)), in[0]) })
	gradient("abs", 4, "", func(in, _ []vec) vec {
		return and(xor(and(in[0], bits(signBits)), in[1]), compare(in[0], notEqual, bits(0)))
	})
	activation("clip", 4, "lo, hi", func(in, p []vec) vec { return lesser(p[1], greater(p[0], in[0])) })
	gradient("clip", 4, "lo, hi", func(in, p []vec) vec {
		return and(and(compare(in[0], greaterThan, p[0]), compare(in[0], less, p[1])), in[1])
	})
	activation("leakyReLU", 4, "slope", func(in, p []vec) vec {
		return choose(compare(in[0], greaterThan, bits(0)), in[0], times(in[0], p[0]))
	})
	gradient("leakyReLU", 4, "slope", func(in, p []vec) vec {
		return choose(compare(in[0], greaterThan, bits(0)), in[1], times(in[1], p[0]))
	})
	activation("hardSigmoid", 4, "", func(in, _ []vec) vec { return hardSigmoid(in[0]) })
	gradient("hardSigmoid", 4, "", func(in, _ []vec) vec {
		slope := and(compare(in[0], greaterThan, num(-3)), compare(in[0], less, num(3)))
		return and(slope, over(in[1], num(6)))
	})
	activation("hardSwish", 2, "", func(in, _ []vec) vec { return times(hardSigmoid(in[0]), in[0]) })
	gradient("hardSwish", 2, "", func(in, _ []vec) vec {
		d := times(plus(over(in[0], num(3)), num(0.5)), in[1])
		d = choose(compare(in[0], atLeast, num(3)), in[1], d)
		return andNot(compare(in[0], atMost, num(-3)), d)
	})
	activation("silu", 3, "", func(in, _ []vec) vec { return times(sigmoid(in[0]), in[0]) })
	gradient("silu", 2, "", func(in, _ []vec) vec {
		s, rest := sigmoids(in[0])
		return times(times(in[1], s), fma(rest, in[0], num(1)))
	})
	activation("elu", 2, "alpha", func(in, p []vec) vec {
		return choose(compare(in[0], greaterThan, bits(0)), in[0], times(expMinusOne(in[0]), p[0]))
	})
	gradient("elu", 2, "alpha", func(in, p []vec) vec {
		return choose(compare(in[0], greaterThan, bits(0)), in[1], times(times(p[0], in[1]), exp(in[0])))
	})
	activation("softplus", 1, "beta, threshold", func(in, p []vec) vec {
		t := times(in[0], p[0])
		return choose(compare(t, greaterThan, p[1]), in[0], over(logOnePlusExp(t), p[0]))
	})
	gradient("softplus", 1, "beta, threshold", func(in, p []vec) vec {
		t := times(in[0], p[0])
		return choose(compare(t, greaterThan, p[1]), in[1], times(sigmoid(t), in[1]))
	})
	activation("erf", 2, "", func(in, _ []vec) vec { return erf(in[0]) })
	activation("gelu", 2, "", func(in, _ []vec) vec {
		_, e, h := normalTail(in[0])
		e = times(e, h)
		return times(choose(in[0], e, minus(load(num(1)), e)), in[0])
	})
	gradient("gelu", 1, "", func(in, _ []vec) vec {
		a, e, h := normalTail(in[0])
		reduce(h, a, num(coef.InvSqrt2Pi))
		e = times(e, h)
		return times(choose(in[0], e, minus(load(num(1)), e)), in[1])
	})
	activation("geluTanh", 2, "", func(in, _ []vec) vec {
		u := fma(times(in[0], in[0]), load(num(coef.GELUTanh3)), num(coef.GELUTanh1))
		return times(sigmoid(times(u, in[0])), in[0])
	})
	gradient("geluTanh", 1, "", func(in, _ []vec) vec {
		x := greater(load(num(-coef.GELUTanhMax)), lesser(load(num(coef.GELUTanhMax)), in[0]))
		t := times(x, x)
		s, rest := sigmoids(times(fma(load(num(coef.GELUTanh3)), t, num(coef.GELUTanh1)), x))
		d := times(fma(t, load(num(3*coef.GELUTanh3)), num(coef.GELUTanh1)), x)
		return times(times(in[1], s), fma(d, rest, num(1)))
	})
}

// activationKernel emits one of them.
func activationKernel(name string, unroll int, slices, parameters string, f func(in, p []vec) vec) {
	signature := "(dst, " + slices + " *float32, "
	if parameters != "" {
		signature += parameters + " float32, "
	}
	function(name+"SIMD", signature+"n int)")
	dst, pointers := param("dst"), params(strings.Split(slices, ", ")...)
	var p []vec
	if parameters != "" {
		for _, name := range strings.Split(parameters, ", ") {
			p = append(p, broadcast(name))
		}
	}
	overRowBlocks("row", newRow(param("n")), unroll, func(block []span) {
		in := make([][]vec, len(block))
		for i, s := range block {
			for _, from := range pointers {
				in[i] = append(in[i], s.load(from))
			}
		}
		for i, y := range weaveEach(len(block), func(i int) vec { return f(in[i], p) }) {
			block[i].store(y, dst)
		}
	})
	finish()
}

// hardSigmoid returns min(max(0, x+3), 6)/6.
func hardSigmoid(x vec) vec {
	return over(lesser(load(num(6)), greater(zero(), plus(x, num(3)))), num(6))
}

// sigmoids returns σ(x) and 1−σ(x), both without cancellation.
func sigmoids(x vec) (s, rest vec) {
	e := expInRange(greater(load(num(coef.ExpMin)), or(x, bits(signBits))))
	large := over(load(num(1)), plus(e, num(1)))
	small := times(e, large)
	return choose(x, small, large), choose(x, large, small)
}

// expMinusOne returns eˣ−1 for x ≤ 0 or NaN: with r and n of expReduced,
// 2ⁿ·(r+r²·q) + (2ⁿ−1), which is exact near 0, where n is 0.
func expMinusOne(x vec) vec {
	r := greater(load(num(coef.ExpMinusOneMin)), x)
	q, n := expReduced(r)
	q = times(q, r)
	q = fma(q, r, r)
	scale := pow2(n)
	return fma(q, scale, minus(scale, num(1)))
}

// logOnePlusExp returns log(1+eᵗ) = max(0, t) + log(1+e), e = e^−|t|. Where e is
// below √2−1, it is the f of lnParts, elsewhere that is (1+e)/2 − 1.
func logOnePlusExp(t vec) vec {
	e := expInRange(greater(load(num(coef.ExpMin)), or(t, bits(signBits))))
	above := compare(e, greaterThan, num(coef.Log1pSplit))
	f := choose(above, times(minus(e, num(1)), num(0.5)), e)
	return plus(lnParts(f, indicator(above)), greater(zero(), t))
}

// normalTail returns a = min(|x|, NormalMax), e and h with e·h = Φ(−a), e = e^(−a²/2).
// What rounding takes from a² is made good: it would count for much in the tail.
func normalTail(x vec) (a, e, h vec) {
	a = lesser(load(num(coef.NormalMax)), andNot(load(bits(signBits)), x))
	square := times(a, a)
	e = expInRange(greater(load(num(coef.ExpMin)), times(square, num(-0.5))))
	lost := xor(square, bits(signBits))
	accumulate(lost, a, a)
	accumulate(e, times(lost, num(-0.5)), e)
	return a, e, normalRatio(a)
}

// normalRatio returns h of normalTail.
func normalRatio(a vec) vec {
	t := over(load(num(1)), fma(load(num(coef.NormalScale)), a, num(1)))
	return times(horner(coef.Normal[:], t), t)
}

// erf returns the error function of x: a polynomial of |x| where that is small,
// 1 − 2·Φ(−√2·|x|) elsewhere.
func erf(x vec) vec {
	a := lesser(load(num(coef.ErfMax)), andNot(load(bits(signBits)), x))
	square := times(a, a)
	near := fma(horner(coef.Erf[:], square), a, a)
	e := expInRange(xor(square, bits(signBits)))
	far := fma(times(e, normalRatio(times(a, num(coef.Sqrt2)))), load(num(-2)), num(1))
	y := choose(compare(a, less, num(coef.ErfSmall)), near, far)
	return or(y, and(x, bits(signBits)))
}
