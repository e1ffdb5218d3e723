package reference

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func unary(op graph.UnaryOp, y, x array) error {
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
func unaryGrad(op graph.UnaryGradOp, dx, y, dy array) error {
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

func binary(op graph.BinaryOp, y, a, b array) error {
	var f func(p, q float64) float64
	switch op.Func {
	case graph.KindAdd:
		f = func(p, q float64) float64 { return p + q }
	case graph.KindSub:
		f = func(p, q float64) float64 { return p - q }
	case graph.KindMul:
		f = func(p, q float64) float64 { return p * q }
	case graph.KindDiv:
		f = func(p, q float64) float64 { return p / q }
	case graph.KindEqual:
		f = func(p, q float64) float64 {
			if p == q {
				return 1
			}
			return 0
		}
	default:
		return fmt.Errorf("unknown binary function %d", op.Func)
	}
	each(y.shape, func(i int, index []int) {
		y.data[i] = f(a.data[stretched(a.shape, index)], b.data[stretched(b.shape, index)])
	})
	return nil
}

func broadcastTo(y, x array) {
	each(y.shape, func(i int, index []int) {
		y.data[i] = x.data[stretched(x.shape, index)]
	})
}

// dropout keeps element i if its random bits reach the threshold.
func dropout(op graph.DropoutOp, y, x, step array) {
	number := graph.StepNumber(float32(step.data[0]), float32(step.data[1]))
	threshold := uint32(math.Floor(float64(op.P) * (1 << 24)))
	for i, v := range x.data {
		if graph.DropoutBits(op.Key, number, uint32(i))>>8 >= threshold {
			y.data[i] = v / (1 - float64(op.P))
		}
	}
}

// each calls visit with every position of a shape: its row-major number and
// its index along each axis.
func each(shape tensor.Shape, visit func(i int, index []int)) {
	index := make([]int, len(shape))
	for i := range shape.Size() {
		rest := i
		for a := len(shape) - 1; a >= 0; a-- {
			index[a] = rest % shape[a]
			rest /= shape[a]
		}
		visit(i, index)
	}
}

// at is the inverse: the row-major number of the element at an index.
func at(shape tensor.Shape, index ...int) int {
	i := 0
	for a, n := range shape {
		i = i*n + index[a]
	}
	return i
}

// stretched is the element of an array of the given shape that stands at an
// index of the larger shape that it is broadcast to: the axes are aligned at
// the right, and an axis of size 1 repeats.
func stretched(shape tensor.Shape, index []int) int {
	index = index[len(index)-len(shape):]
	i := 0
	for a, n := range shape {
		i *= n
		if n != 1 {
			i += index[a]
		}
	}
	return i
}
