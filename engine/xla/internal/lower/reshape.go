package lower

import "github.com/strideml/stride/graph"

func reshape(b *builder, op graph.ReshapeOp, _ *graph.Node, in []value) value {
	return b.Reshape(in[0], op.Shape...)
}
