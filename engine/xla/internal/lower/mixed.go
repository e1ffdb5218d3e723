package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// Mixed precision (Micikevicius et al. 2018, with bfloat16 as Kalamkar et al. 2019).
//
// Products, that is convolutions, matrix products and their derivatives, take bfloat16
// arguments and add up in float32. The activations between them, and the derivatives
// of activations, are kept as bfloat16: 8 significant bits, half of the memory and of its
// traffic, and float32's range, so that losses need not be scaled. Each operator on
// them computes in float32 and rounds its result once.
//
// All else is float32: weights, their derivatives once they are summed up, and updates;
// statistics and other sums; softmax, losses, and the scores that go into them.

// isProduct reports whether an operator multiplies matrices or convolves.
func isProduct(op graph.Op) bool {
	switch op.(type) {
	case graph.Conv2DOp, graph.Conv2DInputGradOp, graph.Conv2DWeightGradOp, graph.ConvTranspose2DOp, graph.MatMulOp:
		return true
	}
	return false
}

// carries reports whether the result of an operator is an activation if its arguments are.
func carries(op graph.Op) bool {
	switch op.(type) {
	case graph.Conv2DOp, graph.Conv2DInputGradOp, graph.ConvTranspose2DOp, graph.MatMulOp,
		graph.UnaryOp, graph.UnaryGradOp, graph.BinaryOp, graph.WhereOp, graph.FakeQuantizeOp, graph.BroadcastOp, graph.DropoutOp,
		graph.MaxPool2DOp, graph.MaxPool2DGradOp, graph.AvgPool2DOp, graph.AvgPool2DGradOp,
		graph.AdaptiveAvgPool2DOp, graph.AdaptiveAvgPool2DGradOp, graph.Resize2DOp, graph.Resize2DGradOp,
		graph.BatchNormOp, graph.BatchNormInputGradOp, graph.LayerNormOp, graph.LayerNormInputGradOp,
		graph.GroupNormOp, graph.GroupNormInputGradOp, graph.LRNOp, graph.LRNGradOp,
		graph.ReshapeOp, graph.TransposeOp, graph.ConcatOp, graph.SliceOp, graph.PadOp:
		return true
	}
	return false
}

// activations returns the nodes that mixed precision keeps as bfloat16: those that are
// computed from the result of a product and go into another one, both by way of
// operators that carry activations. The derivative of a weight and what becomes of it go
// into no product of the same run, scores only by way of a softmax or a loss.
func activations(nodes []*graph.Node) map[*graph.Node]bool {
	feeds := map[*graph.Node]bool{} // goes into a product
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		_, isSum := n.Op().(graph.ReduceOp) // as in global average pooling
		if isProduct(n.Op()) || (carries(n.Op()) || isSum) && feeds[n] {
			for _, x := range n.Inputs() {
				feeds[x] = true
			}
		}
	}
	half := map[*graph.Node]bool{}
	for _, n := range nodes {
		if !feeds[n] || !carries(n.Op()) {
			continue
		}
		half[n] = isProduct(n.Op())
		for _, x := range n.Inputs() {
			half[n] = half[n] || half[x]
		}
	}
	return half
}

// narrow is x in bfloat16. If x was widened from bfloat16, it is what it was widened from.
func (b *builder) narrow(x value) value {
	if n, ok := b.narrowed[x.String()]; ok {
		return n
	}
	n := b.Convert(x, stablehlo.BF16)
	b.narrowed[x.String()] = n
	return n
}

// widen is x in float32.
func (b *builder) widen(x value) value {
	if x.Type.Element == stablehlo.F32 {
		return x
	}
	w := b.Convert(x, stablehlo.F32)
	b.narrowed[w.String()] = x
	return w
}
