package reference

import (
	"github.com/strideml/stride/graph"
)

func transpose(op graph.TransposeOp, y array, in []array) {
	x := in[0]
	from := make([]int, len(x.shape))
	each(y.shape, func(i int, index []int) {
		for a, p := range op.Perm {
			from[p] = index[a]
		}
		y.data[i] = x.data[at(x.shape, from...)]
	})
}
