package lower

import "github.com/strideml/stride/graph"

func adaptiveAvgPool2D(b *builder, op graph.AdaptiveAvgPool2DOp, _ *graph.Node, in []value) value {
	x := in[0]
	return b.weightedImages(x, regionTerms(op, 0, x.Shape()[2]), regionTerms(op, 1, x.Shape()[3]))
}

func adaptiveAvgPool2DGrad(b *builder, op graph.AdaptiveAvgPool2DGradOp, _ *graph.Node, in []value) value {
	h, w := op.InputShape[2], op.InputShape[3]
	return b.weightedImages(in[0], transposed(regionTerms(op.Pool, 0, h), h), transposed(regionTerms(op.Pool, 1, w), w))
}

// regionTerms returns the elements of each region along an axis of n elements, with
// the weights of a mean.
func regionTerms(op graph.AdaptiveAvgPool2DOp, axis, n int) [][]graph.ResizeTerm {
	terms := make([][]graph.ResizeTerm, op.Output[axis])
	for i := range terms {
		start, stop := op.Region(axis, i, n)
		for k := start; k < stop; k++ {
			terms[i] = append(terms[i], graph.ResizeTerm{Index: k, Weight: 1 / float64(stop-start)})
		}
	}
	return terms
}
