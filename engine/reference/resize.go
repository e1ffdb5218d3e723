package reference

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// resizeTerms calls visit for each element xi of an image that goes into element yi of
// the resized one, with its weight.
func resizeTerms(op graph.Resize2DOp, x, y tensor.Shape, visit func(xi, yi int, weight float64)) {
	rows, columns := op.Terms(0, x[2]), op.Terms(1, x[3])
	each(y, func(yi int, index []int) {
		for _, r := range rows[index[2]] {
			for _, c := range columns[index[3]] {
				visit(at(x, index[0], index[1], r.Index, c.Index), yi, r.Weight*c.Weight)
			}
		}
	})
}

func resize2D(op graph.Resize2DOp, y array, in []array) {
	x := in[0]
	resizeTerms(op, x.shape, y.shape, func(xi, yi int, weight float64) { y.data[yi] += weight * x.data[xi] })
}

func resize2DGrad(op graph.Resize2DGradOp, dx array, in []array) {
	dy := in[0]
	resizeTerms(op.Resize, dx.shape, dy.shape, func(xi, yi int, weight float64) { dx.data[xi] += weight * dy.data[yi] })
}
