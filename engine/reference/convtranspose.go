package reference

import "github.com/strideml/stride/graph"

// convTranspose2D spreads x over y: y is the input of a convolution that has x as its
// output.
func convTranspose2D(op graph.ConvTranspose2DOp, y array, in []array) {
	x, w := in[0], in[1]
	taps(op.Conv(), y.shape, w.shape, x.shape, func(yi, wi, xi int) {
		y.data[yi] += w.data[wi] * x.data[xi]
	})
}
