package reference

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

// unaryFuncs holds the functions; a and b are the operator's parameters. The
// functions max and min keep NaN.
var unaryFuncs = map[graph.UnaryKind]func(x, a, b float64) float64{
	graph.KindNeg:  func(x, _, _ float64) float64 { return -x },
	graph.KindExp:  func(x, _, _ float64) float64 { return math.Exp(x) },
	graph.KindLog:  func(x, _, _ float64) float64 { return math.Log(x) },
	graph.KindSqrt: func(x, _, _ float64) float64 { return math.Sqrt(x) },
	graph.KindErf:  func(x, _, _ float64) float64 { return math.Erf(x) },
	graph.KindAbs:  func(x, _, _ float64) float64 { return math.Abs(x) },
	graph.KindPow:  func(x, a, _ float64) float64 { return math.Pow(x, a) },
	graph.KindClip: func(x, a, b float64) float64 { return min(max(a, x), b) },

	graph.KindReLU:    func(x, _, _ float64) float64 { return max(0, x) },
	graph.KindReLU6:   func(x, _, _ float64) float64 { return min(max(0, x), 6) },
	graph.KindSigmoid: func(x, _, _ float64) float64 { return sigmoid(x) },
	graph.KindTanh:    func(x, _, _ float64) float64 { return math.Tanh(x) },
	graph.KindLeakyReLU: func(x, a, _ float64) float64 {
		if x > 0 {
			return x
		}
		return a * x
	},
	graph.KindELU: func(x, a, _ float64) float64 {
		if x > 0 {
			return x
		}
		return a * math.Expm1(x)
	},
	graph.KindSoftplus: func(x, a, b float64) float64 {
		if a*x > b {
			return x
		}
		return math.Log1p(math.Exp(a*x)) / a
	},
	graph.KindSiLU:        func(x, _, _ float64) float64 { return x * sigmoid(x) },
	graph.KindHardSigmoid: func(x, _, _ float64) float64 { return min(max(0, x+3), 6) / 6 },
	graph.KindHardSwish:   func(x, _, _ float64) float64 { return x * min(max(0, x+3), 6) / 6 },
	graph.KindGELU:        func(x, _, _ float64) float64 { return x * normalCDF(x) },
	graph.KindGELUTanh: func(x, _, _ float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	},

	graph.KindFloor: func(x, _, _ float64) float64 { return math.Floor(x) },
	graph.KindCeil:  func(x, _, _ float64) float64 { return math.Ceil(x) },
	graph.KindRound: func(x, _, _ float64) float64 { return math.RoundToEven(x) },
	graph.KindSign: func(x, _, _ float64) float64 {
		if math.IsNaN(x) {
			return x
		}
		return choose(x > 0, 1, choose(x < 0, -1, 0))
	},
	graph.KindSin: func(x, _, _ float64) float64 { return math.Sin(x) },
	graph.KindCos: func(x, _, _ float64) float64 { return math.Cos(x) },
}

// unaryGrads holds the derivatives at v, times d. v is the function's result for
// the first four and its argument for the others.
var unaryGrads = map[graph.UnaryKind]func(v, d, a, b float64) float64{
	graph.KindReLU:    func(y, d, _, _ float64) float64 { return choose(y > 0, d, 0) },
	graph.KindReLU6:   func(y, d, _, _ float64) float64 { return choose(y > 0 && y < 6, d, 0) },
	graph.KindSigmoid: func(y, d, _, _ float64) float64 { return d * y * (1 - y) },
	graph.KindTanh:    func(y, d, _, _ float64) float64 { return d * (1 - y*y) },

	graph.KindLeakyReLU: func(x, d, a, _ float64) float64 { return choose(x > 0, d, a*d) },
	graph.KindELU:       func(x, d, a, _ float64) float64 { return choose(x > 0, d, a*d*math.Exp(x)) },
	graph.KindSoftplus:  func(x, d, a, b float64) float64 { return choose(a*x > b, d, d*sigmoid(a*x)) },
	graph.KindSiLU: func(x, d, _, _ float64) float64 {
		s := sigmoid(x)
		return d * s * (1 + x*(1-s))
	},
	graph.KindHardSigmoid: func(x, d, _, _ float64) float64 { return choose(x > -3 && x < 3, d/6, 0) },
	graph.KindHardSwish: func(x, d, _, _ float64) float64 {
		return choose(x <= -3, 0, choose(x >= 3, d, d*(x/3+0.5)))
	},
	graph.KindGELU: func(x, d, _, _ float64) float64 {
		if math.IsInf(x, 0) {
			return d * choose(x > 0, 1, 0)
		}
		return d * (normalCDF(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi))
	},
	graph.KindGELUTanh: func(x, d, _, _ float64) float64 {
		if math.IsInf(x, 0) {
			return d * choose(x > 0, 1, 0)
		}
		c := math.Sqrt(2 / math.Pi)
		t := math.Tanh(c * (x + 0.044715*x*x*x))
		return d * ((1+t)/2 + x/2*(1-t*t)*c*(1+3*0.044715*x*x))
	},
	graph.KindAbs:  func(x, d, _, _ float64) float64 { return choose(x > 0, d, choose(x < 0, -d, 0)) },
	graph.KindClip: func(x, d, a, b float64) float64 { return choose(a < x && x < b, d, 0) },
}

func unary(op graph.UnaryOp, y array, in []array) error {
	f, ok := unaryFuncs[op.Func]
	if !ok {
		return fmt.Errorf("unknown unary function %v", op.Func)
	}
	for i, x := range in[0].data {
		y.data[i] = f(x, float64(op.A), float64(op.B))
	}
	return nil
}

// unaryGrad gives dx from v, the function's result or argument, and dy.
func unaryGrad(op graph.UnaryGradOp, dx array, in []array) error {
	f, ok := unaryGrads[op.Func]
	if !ok {
		return fmt.Errorf("unknown derivative of unary function %v", op.Func)
	}
	v, dy := in[0], in[1]
	for i, d := range dy.data {
		dx.data[i] = f(v.data[i], d, float64(op.A), float64(op.B))
	}
	return nil
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// normalCDF is the distribution function of the standard normal distribution.
func normalCDF(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }

func choose(condition bool, yes, no float64) float64 {
	if condition {
		return yes
	}
	return no
}
