package reference

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func binary(op graph.BinaryOp, y array, in []array) error {
	a, b := in[0], in[1]
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
