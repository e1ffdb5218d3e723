package reference

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

// binaryFuncs holds the functions. The functions min and max keep NaN.
var binaryFuncs = map[graph.BinaryKind]func(p, q float64) float64{
	graph.KindAdd:     func(p, q float64) float64 { return p + q },
	graph.KindSub:     func(p, q float64) float64 { return p - q },
	graph.KindMul:     func(p, q float64) float64 { return p * q },
	graph.KindDiv:     func(p, q float64) float64 { return p / q },
	graph.KindEqual:   func(p, q float64) float64 { return choose(p == q, 1, 0) },
	graph.KindMinimum: func(p, q float64) float64 { return min(p, q) },
	graph.KindMaximum: func(p, q float64) float64 { return max(p, q) },

	graph.KindLess:      func(p, q float64) float64 { return choose(p < q, 1, 0) },
	graph.KindLessEqual: func(p, q float64) float64 { return choose(p <= q, 1, 0) },
	graph.KindPower:     math.Pow,
	graph.KindMod:       remainder,
	graph.KindFMod:      math.Mod,
}

// remainder has the sign of q.
func remainder(p, q float64) float64 {
	r := math.Mod(p, q)
	if r != 0 && (r < 0) != (q < 0) {
		r += q
	}
	return r
}

func binary(op graph.BinaryOp, y array, in []array) error {
	f, ok := binaryFuncs[op.Func]
	if !ok {
		return fmt.Errorf("unknown binary function %v", op.Func)
	}
	a, b := in[0], in[1]
	each(y.shape, func(i int, index []int) {
		y.data[i] = f(a.data[stretched(a.shape, index)], b.data[stretched(b.shape, index)])
	})
	return nil
}
