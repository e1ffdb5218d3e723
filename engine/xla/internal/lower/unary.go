package lower

import (
	"fmt"
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// unaryFuncs holds the functions; p and q are the operator's parameters A and B.
var unaryFuncs = map[graph.UnaryKind]func(b *builder, x value, p, q float64) value{
	graph.KindNeg:  func(b *builder, x value, _, _ float64) value { return b.Neg(x) },
	graph.KindExp:  func(b *builder, x value, _, _ float64) value { return b.Exp(x) },
	graph.KindLog:  func(b *builder, x value, _, _ float64) value { return b.Log(x) },
	graph.KindSqrt: func(b *builder, x value, _, _ float64) value { return b.Sqrt(x) },
	graph.KindErf:  func(b *builder, x value, _, _ float64) value { return b.Erf(x) },
	graph.KindAbs:  func(b *builder, x value, _, _ float64) value { return b.Abs(x) },
	graph.KindPow:  func(b *builder, x value, p, _ float64) value { return b.pow(x, p) },
	graph.KindClip: (*builder).clip,

	graph.KindReLU:    func(b *builder, x value, _, _ float64) value { return b.Max(x, b.fill(x, 0)) },
	graph.KindReLU6:   func(b *builder, x value, _, _ float64) value { return b.clip(x, 0, 6) },
	graph.KindSigmoid: func(b *builder, x value, _, _ float64) value { return b.sigmoid(x) },
	graph.KindTanh:    func(b *builder, x value, _, _ float64) value { return b.Tanh(x) },
	graph.KindLeakyReLU: func(b *builder, x value, p, _ float64) value {
		return b.Select(b.above(x, 0), x, b.times(x, p))
	},
	graph.KindELU: func(b *builder, x value, p, _ float64) value {
		return b.Select(b.above(x, 0), x, b.times(b.Expm1(x), p))
	},
	graph.KindSoftplus: func(b *builder, x value, p, q float64) value {
		z := b.times(x, p)
		return b.Select(b.above(z, q), x, b.Div(b.Log1p(b.Exp(z)), b.fill(x, p)))
	},
	graph.KindSiLU: func(b *builder, x value, _, _ float64) value { return b.Mul(x, b.sigmoid(x)) },
	graph.KindHardSigmoid: func(b *builder, x value, _, _ float64) value {
		return b.Div(b.clip(b.plus(x, 3), 0, 6), b.fill(x, 6))
	},
	graph.KindHardSwish: func(b *builder, x value, _, _ float64) value {
		return b.Mul(x, b.Div(b.clip(b.plus(x, 3), 0, 6), b.fill(x, 6)))
	},
	graph.KindGELU: func(b *builder, x value, _, _ float64) value { return b.Mul(x, b.normalCDF(x)) },
	graph.KindGELUTanh: func(b *builder, x value, _, _ float64) value {
		return b.Mul(x, b.sigmoid(b.tanhGELU(x)))
	},

	graph.KindFloor: func(b *builder, x value, _, _ float64) value { return b.Floor(x) },
	graph.KindCeil:  func(b *builder, x value, _, _ float64) value { return b.Ceil(x) },
	graph.KindRound: func(b *builder, x value, _, _ float64) value { return b.RoundEven(x) },
	graph.KindSign:  func(b *builder, x value, _, _ float64) value { return b.Sign(x) },
	graph.KindSin:   func(b *builder, x value, _, _ float64) value { return b.Sin(x) },
	graph.KindCos:   func(b *builder, x value, _, _ float64) value { return b.Cos(x) },
}

// unaryGrads holds the derivatives at v, times d. v is the function's result for the
// first four and its argument for the others.
var unaryGrads = map[graph.UnaryKind]func(b *builder, v, d value, p, q float64) value{
	graph.KindReLU:  func(b *builder, y, d value, _, _ float64) value { return b.where(b.above(y, 0), d, 0) },
	graph.KindReLU6: func(b *builder, y, d value, _, _ float64) value { return b.where(b.between(y, 0, 6), d, 0) },
	graph.KindSigmoid: func(b *builder, y, d value, _, _ float64) value {
		return b.Mul(b.Mul(d, y), b.Sub(b.fill(y, 1), y))
	},
	graph.KindTanh: func(b *builder, y, d value, _, _ float64) value {
		return b.Mul(d, b.Sub(b.fill(y, 1), b.Mul(y, y)))
	},

	graph.KindLeakyReLU: func(b *builder, x, d value, p, _ float64) value {
		return b.Select(b.above(x, 0), d, b.times(d, p))
	},
	graph.KindELU: func(b *builder, x, d value, p, _ float64) value {
		return b.Select(b.above(x, 0), d, b.Mul(b.times(d, p), b.Exp(x)))
	},
	graph.KindSoftplus: func(b *builder, x, d value, p, q float64) value {
		z := b.times(x, p)
		return b.Select(b.above(z, q), d, b.Mul(d, b.sigmoid(z)))
	},
	graph.KindSiLU: func(b *builder, x, d value, _, _ float64) value {
		s := b.sigmoid(x)
		return b.Mul(b.Mul(d, s), b.plus(b.Mul(x, b.Sub(b.fill(s, 1), s)), 1))
	},
	graph.KindHardSigmoid: func(b *builder, x, d value, _, _ float64) value {
		return b.where(b.between(x, -3, 3), b.Div(d, b.fill(d, 6)), 0)
	},
	graph.KindHardSwish: func(b *builder, x, d value, _, _ float64) value {
		inside := b.Mul(d, b.plus(b.Div(x, b.fill(x, 3)), 0.5))
		right := b.Select(b.Compare(stablehlo.GE, x, b.fill(x, 3)), d, inside)
		return b.Select(b.Compare(stablehlo.LE, x, b.fill(x, -3)), b.fill(x, 0), right)
	},
	graph.KindGELU: func(b *builder, x, d value, _, _ float64) value {
		density := b.times(b.Exp(b.times(b.Mul(x, x), -0.5)), 1/math.Sqrt(2*math.Pi))
		return b.Mul(d, b.limits(x, b.Add(b.normalCDF(x), b.Mul(x, density))))
	},
	graph.KindGELUTanh: func(b *builder, x, d value, _, _ float64) value {
		s := b.sigmoid(b.tanhGELU(x))
		slope := b.times(b.plus(b.times(b.Mul(x, x), 3*0.044715), 1), 2*math.Sqrt(2/math.Pi))
		inner := b.Mul(b.Mul(x, b.Mul(s, b.Sub(b.fill(s, 1), s))), slope)
		return b.Mul(d, b.limits(x, b.Add(s, inner)))
	},
	graph.KindAbs: func(b *builder, x, d value, _, _ float64) value {
		negative := b.Compare(stablehlo.LT, x, b.fill(x, 0))
		return b.Select(b.above(x, 0), d, b.where(negative, b.Neg(d), 0))
	},
	graph.KindClip: func(b *builder, x, d value, p, q float64) value { return b.where(b.between(x, p, q), d, 0) },
}

func unary(b *builder, op graph.UnaryOp, _ *graph.Node, in []value) (value, error) {
	f, ok := unaryFuncs[op.Func]
	if !ok {
		return value{}, fmt.Errorf("unknown unary function %v", op.Func)
	}
	return f(b, in[0], float64(op.A), float64(op.B)), nil
}

// unaryGrad takes the function's result or argument, and dy.
func unaryGrad(b *builder, op graph.UnaryGradOp, _ *graph.Node, in []value) (value, error) {
	f, ok := unaryGrads[op.Func]
	if !ok {
		return value{}, fmt.Errorf("unknown derivative of unary function %v", op.Func)
	}
	return f(b, in[0], in[1], float64(op.A), float64(op.B)), nil
}

// Parts of these functions.

func (b *builder) plus(x value, v float64) value { return b.Add(x, b.fill(x, v)) }

func (b *builder) times(x value, v float64) value { return b.Mul(x, b.fill(x, v)) }

// above is true where x > v.
func (b *builder) above(x value, v float64) value {
	return b.Compare(stablehlo.GT, x, b.fill(x, v))
}

// between is true where low < x < high.
func (b *builder) between(x value, low, high float64) value {
	return b.And(b.above(x, low), b.Compare(stablehlo.LT, x, b.fill(x, high)))
}

// where is x where the condition holds, and v elsewhere.
func (b *builder) where(condition, x value, v float64) value {
	return b.Select(condition, x, b.fill(x, v))
}

func (b *builder) clip(x value, low, high float64) value {
	return b.Min(b.Max(x, b.fill(x, low)), b.fill(x, high))
}

func (b *builder) sigmoid(x value) value {
	return b.Div(b.fill(x, 1), b.plus(b.Exp(b.Neg(x)), 1))
}

// normalCDF is the distribution function of the standard normal distribution. The
// complementary error function has no cancellation where it is small.
func (b *builder) normalCDF(x value) value {
	return b.times(b.Erfc(b.times(x, -1/math.Sqrt2)), 0.5)
}

// tanhGELU is 2·√(2/π)·(x+0.044715·x³) = 2u. Its sigmoid is (1+tanh(u))/2, without
// cancellation where that is small.
func (b *builder) tanhGELU(x value) value {
	cube := b.Mul(b.Mul(x, x), x)
	return b.times(b.Add(x, b.times(cube, 0.044715)), 2*math.Sqrt(2/math.Pi))
}

// limits is y, the derivative of a GELU, with its limits 1 and 0 where |x| is so large
// that y is equal to them and its parts may be infinite.
func (b *builder) limits(x, y value) value {
	return b.Select(b.above(b.Abs(x), 1e4), b.number(b.above(x, 0)), y)
}

// pow is x to the power of a constant.
func (b *builder) pow(x value, exponent float64) value {
	switch exponent {
	case 0:
		return b.fill(x, 1)
	case 1:
		return x
	case 2:
		return b.Mul(x, x)
	case 3:
		return b.Mul(b.Mul(x, x), x)
	case -1:
		return b.Div(b.fill(x, 1), x)
	}
	return b.Pow(x, b.fill(x, exponent))
}
