package lower

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

func reduce(b *builder, op graph.ReduceOp, y *graph.Node, in []value) (value, error) {
	x := in[0]
	var r value
	switch op.Func {
	case graph.KindSum, graph.KindMean:
		r = b.sum(x, op.Axes...)
	case graph.KindProd:
		r = b.Reduce(x, b.scalar(1), (*stablehlo.Builder).Mul, op.Axes...)
	case graph.KindMax:
		r = b.max(x, op.Axes...)
	default:
		return value{}, fmt.Errorf("unknown reduction %d", op.Func)
	}
	if op.Func == graph.KindMean {
		r = b.Div(r, b.fill(r, float64(x.Type.Size()/r.Type.Size())))
	}
	return b.Reshape(r, y.Shape()...), nil
}

// prodGrad multiplies dy with the product of the elements before and of those after
// each one, both of which are computed in logarithmically many passes: dividing the
// product by the element would be wrong for zeros.
func prodGrad(b *builder, op graph.ProdGradOp, _ *graph.Node, in []value) value {
	x, dy := in[0], in[1]
	shape := x.Shape()
	// The reduced axes become one, the last.
	var order []int
	for axis := range shape {
		if !slices.Contains(op.Axes, axis) {
			order = append(order, axis)
		}
	}
	order = append(order, op.Axes...)
	moved := b.Transpose(x, order...)
	rows := dy.Type.Size()
	lines := b.Reshape(moved, rows, x.Type.Size()/rows)
	others := b.Mul(b.productsBefore(lines, false), b.productsBefore(lines, true))
	back := make([]int, len(order))
	for i, axis := range order {
		back[axis] = i
	}
	others = b.Transpose(b.Reshape(others, moved.Shape()...), back...)
	return b.Mul(others, b.broadcast(dy, shape))
}

// productsBefore returns for each element of a row the product of those before it, or
// with after of those after it.
func (b *builder) productsBefore(x value, after bool) value {
	rows, n := x.Shape()[0], x.Shape()[1]
	shift := func(x value, by int) value {
		by = min(by, n)
		if after {
			x = b.Slice(x, []int{0, by}, []int{rows, n}, nil)
			return b.Pad(x, b.scalar(1), []int{0, 0}, []int{0, by}, nil)
		}
		x = b.Slice(x, []int{0, 0}, []int{rows, n - by}, nil)
		return b.Pad(x, b.scalar(1), []int{0, by}, []int{0, 0}, nil)
	}
	p := shift(x, 1)
	for by := 1; by < n; by *= 2 {
		p = b.Mul(p, shift(p, by))
	}
	return p
}
