package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// topK sorts the elements of each line with their indices. The sort is stable: of equal
// elements the one with the smaller index comes first.
func topK(b *builder, op graph.TopKOp, _ *graph.Node, in []value) value {
	x := in[0]
	index := b.Iota(x.Type.With(stablehlo.I32), op.Axis)
	sorted := b.Sort([]value{x, index}, op.Axis, true, func(b *stablehlo.Builder, args []value) value {
		if op.Smallest {
			return greater(b, args[1], args[0])
		}
		return greater(b, args[0], args[1])
	})
	return b.number(b.sliceAxis(sorted[1], op.Axis, 0, op.K, 1))
}
