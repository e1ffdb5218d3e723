package lower

import (
	"math"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// A builder adds operations, and knows the values of the nodes that have been lowered.
type builder struct {
	*stablehlo.Builder
	options Options
	values  map[*graph.Node]value
	singles map[*graph.Node]value // those of values that are not float32, converted to it

	// Of mixed precision:
	half     map[*graph.Node]bool // nodes that are kept as bfloat16
	narrowed map[string]value     // values in bfloat16, by the names of the same in float32
}

// single is the value of a node in float32.
func (b *builder) single(n *graph.Node) value {
	v := b.values[n]
	if v.Type.Element == stablehlo.F32 {
		return v
	}
	s, ok := b.singles[n]
	if !ok {
		s = b.widen(v)
		b.singles[n] = s
	}
	return s
}

// precision is that of products of float32.
func (b *builder) precision() stablehlo.Precision {
	if b.options.Math == Float32 {
		return stablehlo.Highest
	}
	return stablehlo.Default
}

// fill returns a constant with the type of x.
func (b *builder) fill(x value, v float64) value { return b.Fill(x.Type, v) }

// scalar returns a scalar constant of float32.
func (b *builder) scalar(v float64) value { return b.Fill(stablehlo.Scalar(stablehlo.F32), v) }

// broadcast repeats x to a shape under NumPy's rules: the axes are aligned at the
// right, and an axis of size 1 repeats.
func (b *builder) broadcast(x value, shape []int) value {
	axes := make([]int, x.Type.Rank())
	for i := range axes {
		axes[i] = len(shape) - len(axes) + i
	}
	return b.BroadcastInDim(x, shape, axes)
}

// alongAxis repeats a vector to a shape, of which it runs along an axis.
func (b *builder) alongAxis(x value, shape []int, axis int) value {
	return b.BroadcastInDim(x, shape, []int{axis})
}

// number converts truth values to 0 and 1.
func (b *builder) number(x value) value { return b.Convert(x, stablehlo.F32) }

// isNaN is true where x is NaN.
func (b *builder) isNaN(x value) value { return b.Compare(stablehlo.NE, x, x) }

// Sums and the like along axes, which go.

func (b *builder) sum(x value, axes ...int) value {
	return b.Reduce(x, b.Fill(stablehlo.Scalar(x.Type.Element), 0), (*stablehlo.Builder).Add, axes...)
}

func (b *builder) max(x value, axes ...int) value {
	return b.Reduce(x, b.Fill(stablehlo.Scalar(x.Type.Element), math.Inf(-1)), (*stablehlo.Builder).Max, axes...)
}

// uniform reports whether all numbers have the same bits.
func uniform(data []float32) bool {
	for _, v := range data {
		if math.Float32bits(v) != math.Float32bits(data[0]) {
			return false
		}
	}
	return true
}
