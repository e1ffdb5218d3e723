package lower

import "github.com/strideml/stride/graph"

func resize2D(b *builder, op graph.Resize2DOp, _ *graph.Node, in []value) value {
	x := in[0]
	return b.weightedImages(x, op.Terms(0, x.Shape()[2]), op.Terms(1, x.Shape()[3]))
}

func resize2DGrad(b *builder, op graph.Resize2DGradOp, _ *graph.Node, in []value) value {
	h, w := op.InputShape[2], op.InputShape[3]
	return b.weightedImages(in[0], transposed(op.Resize.Terms(0, h), h), transposed(op.Resize.Terms(1, w), w))
}
