package lower

import (
	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

func avgPool2D(b *builder, op graph.AvgPool2DOp, y *graph.Node, in []value) value {
	p := poolingOf(op.Pool, in[0].Shape(), y.Shape())
	sum := p.reduce(b, in[0], b.scalar(0), (*stablehlo.Builder).Add)
	return b.Div(sum, b.divisors(op, p))
}

func avgPool2DGrad(b *builder, op graph.AvgPool2DGradOp, _ *graph.Node, in []value) value {
	dy := in[0]
	p := poolingOf(op.Pool.Pool, op.InputShape, dy.Shape())
	return p.sumWindows(b, b.Div(dy, b.divisors(op.Pool, p)))
}

// divisors is what the sum of each window is divided by.
func (b *builder) divisors(op graph.AvgPool2DOp, p pooling) value {
	height, width := p.output[2], p.output[3]
	table := make([]float32, height*width)
	for i := range table {
		table[i] = float32(op.Divisor(i/width, i%width, p.image[2], p.image[3]))
	}
	if uniform(table) {
		return b.Fill(stablehlo.Of(stablehlo.F32, p.output...), float64(table[0]))
	}
	return b.broadcast(b.Floats([]int{height, width}, table), p.output)
}
