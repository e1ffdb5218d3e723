package lower

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// unaryKernels compute dst = f(x); a and b are the operator's parameters.
var unaryKernels = [...]func(dst, x []float32, a, b float32){
	graph.KindNeg: plain(kernel.Neg), graph.KindExp: plain(kernel.Exp), graph.KindLog: plain(kernel.Log),
	graph.KindSqrt: plain(kernel.Sqrt), graph.KindReLU: plain(kernel.ReLU), graph.KindReLU6: plain(kernel.ReLU6),
	graph.KindSigmoid: plain(kernel.Sigmoid), graph.KindTanh: plain(kernel.Tanh),

	graph.KindLeakyReLU: func(dst, x []float32, slope, _ float32) {
		for i, v := range x {
			if !(v > 0) {
				v *= slope
			}
			dst[i] = v
		}
	},
	graph.KindELU: each(func(x, alpha, _ float64) float64 {
		if x > 0 {
			return x
		}
		return alpha * math.Expm1(x)
	}),
	graph.KindSoftplus: each(func(x, beta, threshold float64) float64 {
		if beta*x > threshold {
			return x
		}
		return math.Log1p(math.Exp(beta*x)) / beta
	}),
	graph.KindSiLU:        each(func(x, _, _ float64) float64 { return x / (1 + math.Exp(-x)) }),
	graph.KindHardSigmoid: each(func(x, _, _ float64) float64 { return min(max(0, x+3), 6) / 6 }),
	graph.KindHardSwish:   each(func(x, _, _ float64) float64 { return x * min(max(0, x+3), 6) / 6 }),
	graph.KindGELU:        each(func(x, _, _ float64) float64 { return x * normalCDF(x) }),
	graph.KindGELUTanh:    each(func(x, _, _ float64) float64 { return x / 2 * (1 + math.Tanh(geluInner(x))) }),
	graph.KindErf:         each(func(x, _, _ float64) float64 { return math.Erf(x) }),
	graph.KindAbs:         each(func(x, _, _ float64) float64 { return math.Abs(x) }),
	graph.KindPow:         each(func(x, exponent, _ float64) float64 { return math.Pow(x, exponent) }),
	graph.KindClip: func(dst, x []float32, lo, hi float32) {
		for i, v := range x {
			dst[i] = min(max(lo, v), hi)
		}
	},
}

// unaryGradKernels compute the derivative times dy; v is the function's result
// or its argument, as graph.UnaryGradOp says.
var unaryGradKernels = [...]func(dst, v, dy []float32, a, b float32){
	graph.KindReLU: plainGrad(kernel.ReLUGrad), graph.KindReLU6: plainGrad(kernel.ReLU6Grad),
	graph.KindSigmoid: plainGrad(kernel.SigmoidGrad), graph.KindTanh: plainGrad(kernel.TanhGrad),

	graph.KindLeakyReLU: func(dst, x, dy []float32, slope, _ float32) {
		for i, v := range x {
			d := dy[i]
			if !(v > 0) {
				d *= slope
			}
			dst[i] = d
		}
	},
	graph.KindELU: eachGrad(func(x, alpha, _ float64) float64 {
		if x > 0 {
			return 1
		}
		return alpha * math.Exp(x)
	}),
	graph.KindSoftplus: eachGrad(func(x, beta, threshold float64) float64 {
		if beta*x > threshold {
			return 1
		}
		return 1 / (1 + math.Exp(-beta*x))
	}),
	graph.KindSiLU: eachGrad(func(x, _, _ float64) float64 {
		s := 1 / (1 + math.Exp(-x))
		return s * (1 + x*(1-s))
	}),
	graph.KindHardSigmoid: within(func(x, _, _ float32) bool { return x > -3 && x < 3 }, 1.0/6),
	graph.KindHardSwish: eachGrad(func(x, _, _ float64) float64 {
		switch {
		case x <= -3:
			return 0
		case x >= 3:
			return 1
		}
		return x/3 + 0.5
	}),
	graph.KindGELU: eachGrad(func(x, _, _ float64) float64 {
		return normalCDF(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	}),
	graph.KindGELUTanh: eachGrad(func(x, _, _ float64) float64 {
		t := math.Tanh(geluInner(x))
		return (1+t)/2 + x/2*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
	}),
	graph.KindAbs: func(dst, x, dy []float32, _, _ float32) {
		for i, v := range x {
			switch d := dy[i]; {
			case v > 0:
				dst[i] = d
			case v < 0:
				dst[i] = -d
			default:
				dst[i] = 0
			}
		}
	},
	graph.KindClip: within(func(x, lo, hi float32) bool { return lo < x && x < hi }, 1),
}

// plain makes an entry of a kernel without parameters.
func plain(f func(dst, x []float32)) func(dst, x []float32, a, b float32) {
	return func(dst, x []float32, _, _ float32) { f(dst, x) }
}

func plainGrad(f func(dst, v, dy []float32)) func(dst, v, dy []float32, a, b float32) {
	return func(dst, v, dy []float32, _, _ float32) { f(dst, v, dy) }
}

// each makes an entry of a function of one number.
func each(f func(x, a, b float64) float64) func(dst, x []float32, a, b float32) {
	return func(dst, x []float32, a, b float32) {
		for i, v := range x {
			dst[i] = float32(f(float64(v), float64(a), float64(b)))
		}
	}
}

// eachGrad makes an entry of a derivative.
func eachGrad(f func(x, a, b float64) float64) func(dst, x, dy []float32, a, b float32) {
	return func(dst, x, dy []float32, a, b float32) {
		for i, v := range x {
			dst[i] = float32(float64(dy[i]) * f(float64(v), float64(a), float64(b)))
		}
	}
}

// within makes an entry of a derivative that is slope in a range and 0 elsewhere.
func within(inside func(x, a, b float32) bool, slope float32) func(dst, x, dy []float32, a, b float32) {
	return func(dst, x, dy []float32, a, b float32) {
		for i, v := range x {
			if d := dy[i]; inside(v, a, b) {
				dst[i] = d * slope
			} else {
				dst[i] = 0
			}
		}
	}
}

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func geluInner(x float64) float64 { return math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x) }
