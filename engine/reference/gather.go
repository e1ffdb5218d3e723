package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func gather(op graph.GatherOp, y array, in []array) {
	x := in[0]
	each(y.shape, func(i int, index []int) { y.data[i] = x.data[gathered(op, x, index)] })
}

func gatherGrad(op graph.GatherGradOp, dx array, in []array) {
	dy := in[0]
	each(dy.shape, func(i int, index []int) { dx.data[gathered(op.Gather, dx, index)] += dy.data[i] })
}

// gathered returns the position in x of the element of the result at an index.
func gathered(op graph.GatherOp, x array, index []int) int {
	from := slices.Clone(index)
	from[op.Axis] = op.Indices[index[op.Axis]]
	return at(x.shape, from...)
}
