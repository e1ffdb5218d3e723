package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// where chooses a where the condition is not 0; NaN is not.
func where(b *builder, _ graph.WhereOp, y *graph.Node, in []value) value {
	condition := b.Compare(stablehlo.NE, in[0], b.fill(in[0], 0))
	return b.Select(b.broadcast(condition, y.Shape()), b.broadcast(in[1], y.Shape()), b.broadcast(in[2], y.Shape()))
}
