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
	start := map[graph.ReduceKind]float64{graph.KindMax: math.Inf(-1), graph.KindProd: 1}[op.Func]
	for i := range y.data {
		y.data[i] = start
	}
	each(x.shape, func(i int, index []int) {
		to := &y.data[stretched(kept, index)]
		switch op.Func {
		case graph.KindSum, graph.KindMean:
			*to += x.data[i]
		case graph.KindProd:
			*to *= x.data[i]
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
	case graph.KindSum, graph.KindMax, graph.KindProd:
	default:
		return fmt.Errorf("unknown reduction %d", op.Func)
	}
	return nil
}

func prodGrad(_ graph.ProdGradOp, dx array, in []array) {
	x, dy := in[0], in[1]
	each(x.shape, func(i int, index []int) {
		line := stretched(dy.shape, index)
		dx.data[i] = dy.data[line]
		each(x.shape, func(j int, other []int) {
			if j != i && stretched(dy.shape, other) == line {
				dx.data[i] *= x.data[j]
			}
		})
	})
}
