package lower

import (
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

func lrn(b *builder, op graph.LRNOp, _ *graph.Node, in []value) value {
	x := in[0]
	s := b.lrnSums(op, x)
	return b.Div(x, b.Pow(s, b.fill(s, float64(op.Beta))))
}

func lrnGrad(b *builder, op graph.LRNGradOp, _ *graph.Node, in []value) value {
	x, dy, beta := in[0], in[1], float64(op.LRN.Beta)
	s := b.lrnSums(op.LRN, x)
	own := b.Div(dy, b.Pow(s, b.fill(s, beta)))
	// An element has its part in the sums of as many channels as its own sum has
	// parts, with before and after exchanged.
	shares := b.channelSums(b.Div(b.Mul(own, x), s), op.LRN.Size, (op.LRN.Size-1)/2)
	factor := b.fill(x, 2*float64(op.LRN.Alpha)*beta/float64(op.LRN.Size))
	return b.Sub(own, b.Mul(factor, b.Mul(x, shares)))
}

// lrnSums is s of each element.
func (b *builder) lrnSums(op graph.LRNOp, x value) value {
	sums := b.channelSums(b.Mul(x, x), op.Size, op.Size/2)
	return b.Add(b.fill(x, float64(op.K)), b.Mul(b.fill(x, float64(op.Alpha)/float64(op.Size)), sums))
}

// channelSums adds up size neighbouring channels, of which so many stand before each
// one.
func (b *builder) channelSums(x value, size, before int) value {
	w := stablehlo.Window{Size: slices.Repeat([]int{1}, x.Type.Rank()), Pad: make([][2]int, x.Type.Rank())}
	w.Size[1], w.Pad[1] = size, [2]int{before, size - 1 - before}
	return b.ReduceWindow(x, b.scalar(0), (*stablehlo.Builder).Add, w)
}
