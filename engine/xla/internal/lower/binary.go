package lower

import (
	"fmt"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// binaryFuncs holds the functions. Those of StableHLO keep NaN as Go's min and max do.
var binaryFuncs = map[graph.BinaryKind]func(b *builder, p, q value) value{
	graph.KindAdd:     func(b *builder, p, q value) value { return b.Add(p, q) },
	graph.KindSub:     func(b *builder, p, q value) value { return b.Sub(p, q) },
	graph.KindMul:     func(b *builder, p, q value) value { return b.Mul(p, q) },
	graph.KindDiv:     func(b *builder, p, q value) value { return b.Div(p, q) },
	graph.KindMinimum: func(b *builder, p, q value) value { return b.Min(p, q) },
	graph.KindMaximum: func(b *builder, p, q value) value { return b.Max(p, q) },
	graph.KindPower:   func(b *builder, p, q value) value { return b.Pow(p, q) },
	graph.KindMod:     (*builder).mod,
	graph.KindFMod:    func(b *builder, p, q value) value { return b.Rem(p, q) },

	graph.KindEqual:     compare(stablehlo.EQ),
	graph.KindLess:      compare(stablehlo.LT),
	graph.KindLessEqual: compare(stablehlo.LE),
}

func compare(c stablehlo.Comparison) func(b *builder, p, q value) value {
	return func(b *builder, p, q value) value { return b.number(b.Compare(c, p, q)) }
}

// mod is the remainder with the sign of q.
func (b *builder) mod(p, q value) value {
	r, zero := b.Rem(p, q), b.fill(p, 0)
	other := b.Compare(stablehlo.NE, b.Compare(stablehlo.LT, r, zero), b.Compare(stablehlo.LT, q, zero))
	return b.Select(b.And(b.Compare(stablehlo.NE, r, zero), other), b.Add(r, q), r)
}

func binary(b *builder, op graph.BinaryOp, y *graph.Node, in []value) (value, error) {
	f, ok := binaryFuncs[op.Func]
	if !ok {
		return value{}, fmt.Errorf("unknown binary function %v", op.Func)
	}
	return f(b, b.broadcast(in[0], y.Shape()), b.broadcast(in[1], y.Shape())), nil
}
