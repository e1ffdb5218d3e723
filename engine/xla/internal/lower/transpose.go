package lower

import "github.com/strideml/stride/graph"

func transpose(b *builder, op graph.TransposeOp, _ *graph.Node, in []value) value {
	return b.Transpose(in[0], op.Perm...)
}
