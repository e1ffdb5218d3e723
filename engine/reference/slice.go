package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func slice(op graph.SliceOp, y array, in []array) {
	x := in[0]
	each(y.shape, func(i int, index []int) {
		from := slices.Clone(index)
		from[op.Axis] += op.Start
		y.data[i] = x.data[at(x.shape, from...)]
	})
}
