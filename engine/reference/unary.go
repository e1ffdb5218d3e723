package reference

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

func unary(op graph.UnaryOp, y array, in []array) error {
	x := in[0]
	var f func(float64) float64
	switch op.Func {
	case graph.KindNeg:
		f = func(v float64) float64 { return -v }
	case graph.KindExp:
		f = math.Exp
	case graph.KindLog:
		f = math.Log
	case graph.KindSqrt:
		f = math.Sqrt
	case graph.KindReLU:
		f = func(v float64) float64 { return max(0, v) } // max keeps NaN
	case graph.KindReLU6:
		f = func(v float64) float64 { return min(max(0, v), 6) } // min and max keep NaN
	case graph.KindSigmoid:
		f = func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	case graph.KindTanh:
		f = math.Tanh
	default:
		return fmt.Errorf("unknown unary function %d", op.Func)
	}
	for i, v := range x.data {
		y.data[i] = f(v)
	}
	return nil
}

// unaryGrad gives the derivative in dx, from the result y and dy.
func unaryGrad(op graph.UnaryGradOp, dx array, in []array) error {
	y, dy := in[0], in[1]
	for i, v := range y.data {
		d := dy.data[i]
		switch op.Func {
		case graph.KindReLU:
			if v > 0 {
				dx.data[i] = d
			}
		case graph.KindReLU6:
			if v > 0 && v < 6 {
				dx.data[i] = d
			}
		case graph.KindSigmoid:
			dx.data[i] = d * v * (1 - v)
		case graph.KindTanh:
			dx.data[i] = d * (1 - v*v)
		default:
			return fmt.Errorf("unknown derivative of unary function %d", op.Func)
		}
	}
	return nil
}
