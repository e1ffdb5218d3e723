package reference

import (
	"github.com/strideml/stride/graph"
)

func avgPool2D(op graph.AvgPool2DOp, y array, in []array) {
	x := in[0]
	windows(op.Pool, x.shape, y.shape, func(xi, yi int) { y.data[yi] += x.data[xi] })
	each(y.shape, func(yi int, index []int) {
		y.data[yi] /= float64(op.Divisor(index[2], index[3], x.shape[2], x.shape[3]))
	})
}

func avgPool2DGrad(op graph.AvgPool2DGradOp, dx array, in []array) {
	dy := in[0]
	share := make([]float64, len(dy.data))
	each(dy.shape, func(yi int, index []int) {
		share[yi] = dy.data[yi] / float64(op.Pool.Divisor(index[2], index[3], dx.shape[2], dx.shape[3]))
	})
	windows(op.Pool.Pool, dx.shape, dy.shape, func(xi, yi int) { dx.data[xi] += share[yi] })
}
