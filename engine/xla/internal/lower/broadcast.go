package lower

import "github.com/strideml/stride/graph"

func broadcastTo(b *builder, op graph.BroadcastOp, _ *graph.Node, in []value) value {
	return b.broadcast(in[0], op.Shape)
}
