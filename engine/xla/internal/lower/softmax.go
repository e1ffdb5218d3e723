package lower

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func softmax(b *builder, op graph.SoftmaxOp, _ *graph.Node, in []value) value {
	return b.softmax(in[0], op.Axis, op.Log)
}

func (b *builder) softmax(x value, axis int, log bool) value {
	rest := slices.Delete(axes(0, x.Type.Rank()), axis, axis+1)
	spread := func(v value) value { return b.BroadcastInDim(v, x.Shape(), rest) }
	shifted := b.Sub(x, spread(b.max(x, axis)))
	e := b.Exp(shifted)
	sum := b.sum(e, axis)
	if log {
		return b.Sub(shifted, spread(b.Log(sum)))
	}
	return b.Div(e, spread(sum))
}
