package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// argMax reduces elements and their indices together. Of two pairs it keeps the one
// that stands first in an order without ties, so that the result does not depend on
// how XLA splits the reduction.
func argMax(b *builder, op graph.ArgMaxOp, _ *graph.Node, in []value) value {
	x := in[0]
	index := b.Iota(x.Type.With(stablehlo.I32), op.Axis)
	start := []value{b.scalar(math.Inf(-1)), b.Fill(stablehlo.Scalar(stablehlo.I32), math.MaxInt32)}
	body := func(b *stablehlo.Builder, args []value) []value {
		v, i, w, j := args[0], args[1], args[2], args[3]
		tie := b.And(b.Not(greater(b, w, v)), b.Compare(stablehlo.LT, i, j))
		first := b.Or(greater(b, v, w), tie)
		return []value{b.Select(first, v, w), b.Select(first, i, j)}
	}
	return b.number(b.ReduceAll([]value{x, index}, start, []int{op.Axis}, body)[1])
}

// greater is true where v > w. NaN is greater than all other numbers.
func greater(b *stablehlo.Builder, v, w value) value {
	onlyV := b.And(b.Compare(stablehlo.NE, v, v), b.Compare(stablehlo.EQ, w, w))
	return b.Or(b.Compare(stablehlo.GT, v, w), onlyV)
}
