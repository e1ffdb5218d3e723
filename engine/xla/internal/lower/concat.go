package lower

import "github.com/strideml/stride/graph"

func concat(b *builder, op graph.ConcatOp, _ *graph.Node, in []value) value {
	return b.Concatenate(op.Axis, in...)
}
