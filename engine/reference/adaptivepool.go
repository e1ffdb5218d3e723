package reference

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// regions calls visit for every element xi of the image in the region of
// element yi of the result, with the number of the region's elements.
func regions(op graph.AdaptiveAvgPool2DOp, x, y tensor.Shape, visit func(xi, yi int, size float64)) {
	each(y, func(yi int, index []int) {
		top, bottom := op.Region(0, index[2], x[2])
		left, right := op.Region(1, index[3], x[3])
		for row := top; row < bottom; row++ {
			for col := left; col < right; col++ {
				visit(at(x, index[0], index[1], row, col), yi, float64((bottom-top)*(right-left)))
			}
		}
	})
}

func adaptiveAvgPool2D(op graph.AdaptiveAvgPool2DOp, y array, in []array) {
	x := in[0]
	regions(op, x.shape, y.shape, func(xi, yi int, size float64) { y.data[yi] += x.data[xi] / size })
}

func adaptiveAvgPool2DGrad(op graph.AdaptiveAvgPool2DGradOp, dx array, in []array) {
	dy := in[0]
	regions(op.Pool, dx.shape, dy.shape, func(xi, yi int, size float64) { dx.data[xi] += dy.data[yi] / size })
}
