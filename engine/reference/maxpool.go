package reference

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// winners gives for each window the number of its greatest element, the first
// of several; −1 for a window without elements, which dilation makes possible.
func winners(p graph.Pool, x array, y tensor.Shape) []int {
	best := make([]int, y.Size())
	for i := range best {
		best[i] = -1
	}
	windows(p, x.shape, y, func(xi, yi int) {
		if best[yi] < 0 {
			best[yi] = xi
			return
		}
		v, b := x.data[xi], x.data[best[yi]]
		if v > b || math.IsNaN(v) && !math.IsNaN(b) {
			best[yi] = xi
		}
	})
	return best
}

func maxPool2D(op graph.MaxPool2DOp, y array, in []array) {
	x := in[0]
	for yi, xi := range winners(op.Pool, x, y.shape) {
		if xi < 0 {
			y.data[yi] = math.Inf(-1)
		} else {
			y.data[yi] = x.data[xi]
		}
	}
}

func maxPool2DGrad(op graph.MaxPool2DGradOp, dx array, in []array) {
	x, dy := in[0], in[1]
	for yi, xi := range winners(op.Pool, x, dy.shape) {
		if xi >= 0 {
			dx.data[xi] += dy.data[yi]
		}
	}
}
