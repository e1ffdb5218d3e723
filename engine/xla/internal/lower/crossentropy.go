package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// Labels choose an element of each row by comparison with the elements' indices, which
// XLA fuses with what follows, instead of a gather or scatter.

func crossEntropy(b *builder, _ graph.CrossEntropyOp, _ *graph.Node, in []value) value {
	logits, labels := in[0], in[1]
	logp := b.softmax(logits, 1, true)
	loss := b.Neg(b.sum(b.where(b.isLabel(logits, labels), logp, 0), 1))
	return b.where(b.isClass(labels, logits.Shape()[1]), loss, math.NaN())
}

func crossEntropyGrad(b *builder, _ graph.CrossEntropyGradOp, _ *graph.Node, in []value) value {
	logits, labels, dy := in[0], in[1], in[2]
	onehot := b.number(b.isLabel(logits, labels))
	difference := b.Sub(b.softmax(logits, 1, false), onehot)
	// The row of a label that is no class gets NaN.
	dy = b.where(b.isClass(labels, logits.Shape()[1]), dy, math.NaN())
	return b.Mul(difference, b.alongAxis(dy, logits.Shape(), 0))
}

// isLabel is true, in each row of logits, for the element that its label names.
func (b *builder) isLabel(logits, labels value) value {
	return b.Compare(stablehlo.EQ, b.Iota(logits.Type, 1), b.alongAxis(labels, logits.Shape(), 0))
}

// isClass is true for whole numbers from 0 to classes−1.
func (b *builder) isClass(labels value, classes int) value {
	inside := b.And(b.Compare(stablehlo.GE, labels, b.fill(labels, 0)), b.Compare(stablehlo.LT, labels, b.fill(labels, float64(classes))))
	return b.And(inside, b.Compare(stablehlo.EQ, labels, b.Floor(labels)))
}
