package stablehlo

// same checks that values have one type.
func same(op string, values ...Value) Type {
	for _, v := range values[1:] {
		if !v.Type.Equal(values[0].Type) {
			fail(op, "arguments %s and %s differ in type", values[0].Type, v.Type)
		}
	}
	return values[0].Type
}

// simple adds an operation whose arguments and result have one type.
func (b *Builder) simple(op string, values ...Value) Value {
	t := same(op, values...)
	return b.op(t, "%s %s : %s", op, join(values), t)
}

func (b *Builder) float(op string, x Value) Value {
	if !x.Type.Element.Float() {
		fail(op, "%s is not floating point", x.Type)
	}
	return b.simple(op, x)
}

// Functions of floating-point numbers.

// Exp returns eˣ.
func (b *Builder) Exp(x Value) Value { return b.float("exponential", x) }

// Expm1 returns eˣ−1.
func (b *Builder) Expm1(x Value) Value { return b.float("exponential_minus_one", x) }

// Log returns the natural logarithm.
func (b *Builder) Log(x Value) Value { return b.float("log", x) }

// Log1p returns log(1+x).
func (b *Builder) Log1p(x Value) Value { return b.float("log_plus_one", x) }

// Sqrt returns √x.
func (b *Builder) Sqrt(x Value) Value { return b.float("sqrt", x) }

// Rsqrt returns 1/√x.
func (b *Builder) Rsqrt(x Value) Value { return b.float("rsqrt", x) }

// Tanh returns the hyperbolic tangent.
func (b *Builder) Tanh(x Value) Value { return b.float("tanh", x) }

// Sin returns the sine.
func (b *Builder) Sin(x Value) Value { return b.float("sine", x) }

// Cos returns the cosine.
func (b *Builder) Cos(x Value) Value { return b.float("cosine", x) }

// Floor rounds down.
func (b *Builder) Floor(x Value) Value { return b.float("floor", x) }

// Ceil rounds up.
func (b *Builder) Ceil(x Value) Value { return b.float("ceil", x) }

// RoundEven rounds to the nearest whole number, the even one of two.
func (b *Builder) RoundEven(x Value) Value { return b.float("round_nearest_even", x) }

// Erf returns the error function. It is an operation of CHLO, which XLA expands.
func (b *Builder) Erf(x Value) Value { return b.chlo("erf", x) }

// Erfc returns 1 − erf(x), without cancellation. It is an operation of CHLO.
func (b *Builder) Erfc(x Value) Value { return b.chlo("erfc", x) }

func (b *Builder) chlo(op string, x Value) Value {
	v := b.value(x.Type)
	b.line("%s = chlo.%s %s : %s -> %s", v, op, x, x.Type, x.Type)
	return v
}

// Functions of numbers of any type.

// Neg returns −x.
func (b *Builder) Neg(x Value) Value { return b.simple("negate", x) }

// Abs returns |x|.
func (b *Builder) Abs(x Value) Value { return b.simple("abs", x) }

// Sign returns −1, 0 or 1; of floating-point numbers, NaN for NaN and zeros with
// their sign.
func (b *Builder) Sign(x Value) Value { return b.simple("sign", x) }

// Add returns x + y. Truth values: or.
func (b *Builder) Add(x, y Value) Value { return b.simple("add", x, y) }

// Sub returns x − y.
func (b *Builder) Sub(x, y Value) Value { return b.simple("subtract", x, y) }

// Mul returns x·y.
func (b *Builder) Mul(x, y Value) Value { return b.simple("multiply", x, y) }

// Div returns x/y.
func (b *Builder) Div(x, y Value) Value { return b.simple("divide", x, y) }

// Rem returns the remainder of x/y with the sign of x.
func (b *Builder) Rem(x, y Value) Value { return b.simple("remainder", x, y) }

// Pow returns x to the power of y.
func (b *Builder) Pow(x, y Value) Value { return b.simple("power", x, y) }

// Max returns the greater of x and y, NaN if one of them is.
func (b *Builder) Max(x, y Value) Value { return b.simple("maximum", x, y) }

// Min returns the smaller of x and y, NaN if one of them is.
func (b *Builder) Min(x, y Value) Value { return b.simple("minimum", x, y) }

// Functions of integers and truth values, bit by bit.

// And returns x ∧ y.
func (b *Builder) And(x, y Value) Value { return b.simple("and", x, y) }

// Or returns x ∨ y.
func (b *Builder) Or(x, y Value) Value { return b.simple("or", x, y) }

// Xor returns x ⊕ y.
func (b *Builder) Xor(x, y Value) Value { return b.simple("xor", x, y) }

// Not returns ¬x.
func (b *Builder) Not(x Value) Value { return b.simple("not", x) }

// ShiftLeft shifts integers by so many bits.
func (b *Builder) ShiftLeft(x Value, bits int) Value {
	return b.simple("shift_left", x, b.Fill(x.Type, float64(bits)))
}

// ShiftRight shifts integers by so many bits and fills up with zeros.
func (b *Builder) ShiftRight(x Value, bits int) Value {
	return b.simple("shift_right_logical", x, b.Fill(x.Type, float64(bits)))
}

// A Comparison is a relation of two numbers. Floating point: all but NE are false if
// one of them is NaN.
type Comparison string

// The comparisons.
const (
	EQ Comparison = "EQ"
	NE Comparison = "NE"
	LT Comparison = "LT"
	LE Comparison = "LE"
	GT Comparison = "GT"
	GE Comparison = "GE"
)

// Compare returns the truth values of x c y.
func (b *Builder) Compare(c Comparison, x, y Value) Value {
	t := same("compare", x, y)
	return b.op(t.With(Bool), "compare %s, %s, %s : (%s, %s) -> %s", c, x, y, t, t, t.With(Bool))
}

// Select returns x where the condition holds, and y elsewhere. The condition has the
// shape of both or is a scalar.
func (b *Builder) Select(condition, x, y Value) Value {
	t := same("select", x, y)
	if c := condition.Type; c.Element != Bool || c.Rank() > 0 && !c.Equal(t.With(Bool)) {
		fail("select", "condition %s for %s", c, t)
	}
	return b.op(t, "select %s, %s, %s : %s, %s", condition, x, y, condition.Type, t)
}

// Clamp returns min(max(low, x), high).
func (b *Builder) Clamp(low, x, high Value) Value { return b.simple("clamp", low, x, high) }

// Convert returns x with elements of another type: x itself if it has them. Floating
// point becomes integers by rounding towards 0.
func (b *Builder) Convert(x Value, e Element) Value {
	if x.Type.Element == e {
		return x
	}
	t := x.Type.With(e)
	return b.op(t, "convert %s : (%s) -> %s", x, x.Type, t)
}

// Bitcast returns the bits of x as elements of another type of the same size.
func (b *Builder) Bitcast(x Value, e Element) Value {
	if elements[x.Type.Element].bits != elements[e].bits {
		fail("bitcast_convert", "%s and %s differ in size", x.Type.Element, e)
	}
	t := x.Type.With(e)
	return b.op(t, "bitcast_convert %s : (%s) -> %s", x, x.Type, t)
}
