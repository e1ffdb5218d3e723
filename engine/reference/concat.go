package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func concat(op graph.ConcatOp, y array, in []array) {
	start := 0
	for _, x := range in {
		each(x.shape, func(i int, index []int) {
			to := slices.Clone(index)
			to[op.Axis] += start
			y.data[at(y.shape, to...)] = x.data[i]
		})
		start += x.shape[op.Axis]
	}
}
