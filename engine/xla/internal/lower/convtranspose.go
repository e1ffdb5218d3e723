package lower

import "github.com/strideml/stride/graph"

// convTranspose2D spreads x over y, the input of a convolution that has x as its output.
func convTranspose2D(b *builder, op graph.ConvTranspose2DOp, y *graph.Node, in []value) value {
	return b.inputGrad(op.Conv(), y.Shape(), in[1], in[0])
}
