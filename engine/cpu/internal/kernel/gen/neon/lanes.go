package main

const (
	floatSize  = 4
	offsetSize = 4                 // an int32 in a table of offsets
	lanes      = 4                 // floats in a vector
	vecSize    = lanes * floatSize // a vector
)

const (
	oneBits    = 0x3f800000
	infBits    = 0x7f800000
	negInfBits = 0xff800000
)

// The functions of this file put their result in a new register, unless it says
// otherwise.

// into returns what emit puts into a new register.
func into(emit func(d vec)) vec {
	d := newVec()
	emit(d)
	return d
}

func plus(a, b vec) vec  { return into(func(d vec) { lanewise(fadd, d, a, b) }) }
func minus(a, b vec) vec { return into(func(d vec) { lanewise(fsub, d, a, b) }) }
func times(a, b vec) vec { return into(func(d vec) { lanewise(fmul, d, a, b) }) }
func over(a, b vec) vec  { return into(func(d vec) { lanewise(fdiv, d, a, b) }) }

// lesser and greater return NaN if either is NaN.
func lesser(a, b vec) vec  { return into(func(d vec) { lanewise(fmin, d, a, b) }) }
func greater(a, b vec) vec { return into(func(d vec) { lanewise(fmax, d, a, b) }) }

// Comparisons return a mask: all bits of the lanes in which they hold, no others.
func equal(a, b vec) vec    { return into(func(d vec) { lanewise(fcmeq, d, a, b) }) }
func above(a, b vec) vec    { return into(func(d vec) { lanewise(fcmgt, d, a, b) }) }
func atLeast(a, b vec) vec  { return into(func(d vec) { lanewise(fcmge, d, a, b) }) }
func positive(a vec) vec    { return into(func(d vec) { withZero(fcmgtZero, d, a) }) }
func negative(a vec) vec    { return into(func(d vec) { withZero(fcmltZero, d, a) }) }
func isZero(a vec) vec      { return into(func(d vec) { withZero(fcmeqZero, d, a) }) }
func notNegative(a vec) vec { return into(func(d vec) { withZero(fcmgeZero, d, a) }) }

func sqrt(a vec) vec     { return into(func(d vec) { single(fsqrt, d, a) }) }
func negated(a vec) vec  { return into(func(d vec) { single(fneg, d, a) }) }
func absolute(a vec) vec { return into(func(d vec) { single(fabs, d, a) }) }
func rounded(a vec) vec  { return into(func(d vec) { single(frintn, d, a) }) }
func toFloat(a vec) vec  { return into(func(d vec) { single(scvtf, d, a) }) }

func and(a, b vec) vec    { return into(func(d vec) { ins("VAND", b.b16(), a.b16(), d.b16()) }) }
func or(a, b vec) vec     { return into(func(d vec) { ins("VORR", b.b16(), a.b16(), d.b16()) }) }
func xor(a, b vec) vec    { return into(func(d vec) { ins("VEOR", b.b16(), a.b16(), d.b16()) }) }
func andNot(a, b vec) vec { return into(func(d vec) { bitwise(bic, d, a, b) }) } // a ∧ ¬b
func orNot(a, b vec) vec  { return into(func(d vec) { bitwise(orn, d, a, b) }) } // a ∨ ¬b

func plusInt(a, b vec) vec  { return into(func(d vec) { ins("VADD", b.s4(), a.s4(), d.s4()) }) }
func minusInt(a, b vec) vec { return into(func(d vec) { ins("VSUB", b.s4(), a.s4(), d.s4()) }) }
func timesInt(a, b vec) vec { return into(func(d vec) { lanewise(mul, d, a, b) }) }
func aboveInt(a, b vec) vec { return into(func(d vec) { lanewise(cmhi, d, a, b) }) }

func left(a vec, by int) vec {
	return into(func(d vec) { ins("VSHL", imm(by), a.s4(), d.s4()) })
}

func right(a vec, by int) vec {
	return into(func(d vec) { ins("VUSHR", imm(by), a.s4(), d.s4()) })
}

// rightSigned shifts copies of the sign in.
func rightSigned(a vec, by int) vec {
	return into(func(d vec) {
		raw([]operand{d, a}, func() (uint32, string) {
			return sshr.right(d.number, a.number, by), shiftText(d, a, by)
		})
	})
}

// choose returns yes in the lanes of the mask, no elsewhere. It takes the register
// of the mask.
func choose(mask, yes, no vec) vec {
	ins("VBSL", no.b16(), yes.b16(), mask.b16())
	return mask
}

// indicator turns a mask into ones and zeros.
func indicator(mask vec) vec { return and(mask, num(1).all()) }

// rectified returns max(0, a); a NaN and −0 stay.
func rectified(a vec) vec { return andNot(a, negative(a)) }

// spread returns a lane in all lanes.
func spread(a vec, lane int) vec {
	return into(func(d vec) { ins("VDUP", a.lane(lane), d.s4()) })
}

func zero() vec { return into(clear) }

// clear makes a register zero.
func clear(d vec) { ins("VEOR", d.b16(), d.b16(), d.b16()) }

// move copies a to d.
func move(a, d vec) { ins("VORR", a.b16(), a.b16(), d.b16()) }

// accumulate adds a·b to sum.
func accumulate(sum, a, b vec) { ins("VFMLA", b.s4(), a.s4(), sum.s4()) }

// reduce subtracts a·b from sum.
func reduce(sum, a, b vec) { ins("VFMLS", b.s4(), a.s4(), sum.s4()) }

// accumulateBy adds a·c to sum, reduceBy subtracts it.
func accumulateBy(sum, a vec, c constant) { byLane(fmlaElem, sum, a, c.vec, c.index) }
func reduceBy(sum, a vec, c constant)     { byLane(fmlsElem, sum, a, c.vec, c.index) }

// timesBy returns a·c.
func timesBy(a vec, c constant) vec {
	return into(func(d vec) { byLane(fmulElem, d, a, c.vec, c.index) })
}

// fma returns a·b + c.
func fma(a, b vec, c constant) vec {
	d := c.all()
	accumulate(d, a, b)
	return d
}

// horner returns the polynomial with coefficients c, lowest first, at x.
func horner(c []float32, x vec) vec {
	p := num(c[len(c)-1]).all()
	for i := len(c) - 2; i >= 0; i-- {
		p = fma(p, x, num(c[i]))
	}
	return p
}

// upper returns the upper half in both halves.
func upper(a vec) vec {
	return into(func(d vec) { ins("VDUP", a.highHalf(), d.d2()) })
}

// sumOfLanes leaves (a₀+a₂) + (a₁+a₃) in the lowest lane.
func sumOfLanes(a vec) vec {
	t := plus(a, upper(a))
	return plus(t, spread(t, 1))
}

// largest leaves the largest lane, or a NaN, in the lowest lane.
func largest(a vec) vec { return into(func(d vec) { acrossLanes(fmaxv, d, a) }) }
