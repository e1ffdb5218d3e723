package reference

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
)

func reduce(op graph.ReduceOp, y array, in []array) error {
	x := in[0]
	// The result with its reduced axes kept has the same elements in the
	// same order.
	kept := x.shape.Clone()
	for _, a := range op.Axes {
		kept[a] = 1
	}
	if op.Func == graph.KindMax {
		for i := range y.data {
			y.data[i] = math.Inf(-1)
		}
	}
	each(x.shape, func(i int, index []int) {
		to := &y.data[stretched(kept, index)]
		switch op.Func {
		case graph.KindSum, graph.KindMean:
			*to += x.data[i]
		case graph.KindMax:
			*to = max(*to, x.data[i]) // max keeps NaN
		}
	})
	switch op.Func {
	case graph.KindMean:
		count := float64(len(x.data) / len(y.data))
		for i := range y.data {
			y.data[i] /= count
		}
	case graph.KindSum, graph.KindMax:
	default:
		return fmt.Errorf("unknown reduction %d", op.Func)
	}
	return nil
}
