package reference

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func gatherElements(op graph.GatherElementsOp, y array, in []array) {
	x, indices := in[0], in[1]
	each(y.shape, func(i int, index []int) {
		y.data[i] = math.NaN()
		if from, ok := chosen(x.shape, op.Axis, index, indices.data[i]); ok {
			y.data[i] = x.data[from]
		}
	})
}

func gatherElementsGrad(op graph.GatherElementsGradOp, dx array, in []array) {
	indices, dy := in[0], in[1]
	each(dy.shape, func(i int, index []int) {
		if to, ok := chosen(dx.shape, op.Axis, index, indices.data[i]); ok {
			dx.data[to] += dy.data[i]
		}
	})
}

// chosen returns the position of the element of a shape in the line of an index that
// has the number k along the axis.
func chosen(shape tensor.Shape, axis int, index []int, k float64) (position int, ok bool) {
	if !(k >= 0 && k < float64(shape[axis])) || k != math.Trunc(k) {
		return 0, false
	}
	from := slices.Clone(index)
	from[axis] = int(k)
	return at(shape, from...), true
}
