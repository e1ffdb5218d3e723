package reference

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// taps calls visit for every term of a convolution: element xi of the image
// times element wi of the weight goes into element yi of the result. Terms
// that would take x outside of the image are left out, since x is 0 there.
func taps(op graph.Conv2DOp, x, w, y tensor.Shape, visit func(xi, wi, yi int)) {
	perGroup := y[1] / op.Groups // output channels of a group
	each(y, func(yi int, index []int) {
		n, o, i, j := index[0], index[1], index[2], index[3]
		group := o / perGroup
		for c := range w[1] {
			for a := range w[2] {
				for b := range w[3] {
					row := i*op.Stride[0] + a*op.Dilation[0] - op.Pad[0]
					col := j*op.Stride[1] + b*op.Dilation[1] - op.Pad[1]
					if row < 0 || row >= x[2] || col < 0 || col >= x[3] {
						continue
					}
					visit(at(x, n, group*w[1]+c, row, col), at(w, o, c, a, b), yi)
				}
			}
		}
	})
}

// conv2D takes x, w and perhaps a bias.
func conv2D(op graph.Conv2DOp, y array, in []array) {
	x, w := in[0], in[1]
	if len(in) == 3 {
		each(y.shape, func(yi int, index []int) { y.data[yi] = in[2].data[index[1]] })
	}
	taps(op, x.shape, w.shape, y.shape, func(xi, wi, yi int) {
		y.data[yi] += w.data[wi] * x.data[xi]
	})
}

func conv2DInputGrad(op graph.Conv2DInputGradOp, dx array, in []array) {
	w, dy := in[0], in[1]
	taps(op.Conv, dx.shape, w.shape, dy.shape, func(xi, wi, yi int) {
		dx.data[xi] += w.data[wi] * dy.data[yi]
	})
}

func conv2DWeightGrad(op graph.Conv2DWeightGradOp, dw array, in []array) {
	x, dy := in[0], in[1]
	taps(op.Conv, x.shape, dw.shape, dy.shape, func(xi, wi, yi int) {
		dw.data[wi] += dy.data[yi] * x.data[xi]
	})
}
