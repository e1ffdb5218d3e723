package lower

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func slice(b *builder, op graph.SliceOp, _ *graph.Node, in []value) value {
	return b.sliceAxis(in[0], op.Axis, op.Start, op.Stop, 1)
}

// sliceAxis returns every step-th element of an axis from start up to stop, which is not
// included.
func (b *builder) sliceAxis(x value, axis, start, stop, step int) value {
	from, to, steps := make([]int, x.Type.Rank()), slices.Clone(x.Shape()), slices.Repeat([]int{1}, x.Type.Rank())
	from[axis], to[axis], steps[axis] = start, stop, step
	return b.Slice(x, from, to, steps)
}
