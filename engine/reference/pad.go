package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func pad(op graph.PadOp, y array, in []array) {
	x := in[0]
	for i := range y.data {
		y.data[i] = float64(op.Value)
	}
	each(x.shape, func(i int, index []int) {
		to := slices.Clone(index)
		for a := range to {
			to[a] += op.Before[a]
		}
		y.data[at(y.shape, to...)] = x.data[i]
	})
}
