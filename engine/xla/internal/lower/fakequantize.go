package lower

import "github.com/strideml/stride/graph"

func fakeQuantize(b *builder, op graph.FakeQuantizeOp, y *graph.Node, in []value) value {
	scale, zero := b.broadcast(in[1], y.Shape()), b.broadcast(in[2], y.Shape())
	q := b.Add(b.RoundEven(b.Div(in[0], scale)), zero)
	return b.Mul(b.Sub(b.clip(q, float64(op.Min), float64(op.Max)), zero), scale)
}
