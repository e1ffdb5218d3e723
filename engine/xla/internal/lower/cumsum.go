package lower

import "github.com/strideml/stride/graph"

// cumSum doubles the number of terms of each sum until all are in, in logarithmically
// many passes.
func cumSum(b *builder, op graph.CumSumOp, y *graph.Node, in []value) value {
	sums := in[0]
	if op.Exclusive {
		sums = b.shift(sums, op.Axis, 1, op.Reverse)
	}
	for by := 1; by < y.Shape()[op.Axis]; by *= 2 {
		sums = b.Add(sums, b.shift(sums, op.Axis, by, op.Reverse))
	}
	return sums
}

// shift moves the elements along an axis to larger indices, or with back to smaller
// ones. Zeros take the places that become free.
func (b *builder) shift(x value, axis, by int, back bool) value {
	before, after := make([]int, x.Type.Rank()), make([]int, x.Type.Rank())
	before[axis], after[axis] = by, -by
	if back {
		before, after = after, before
	}
	return b.Pad(x, b.scalar(0), before, after, nil)
}
