package lower

import "github.com/strideml/stride/graph"

func pad(b *builder, op graph.PadOp, _ *graph.Node, in []value) value {
	return b.Pad(in[0], b.scalar(float64(op.Value)), op.Before, op.After, nil)
}
