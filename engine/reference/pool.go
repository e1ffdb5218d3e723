package reference

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// windows calls visit for every element xi of the image that lies in the
// window of element yi of the result, a window's elements in row-major order.
func windows(p graph.Pool, x, y tensor.Shape, visit func(xi, yi int)) {
	each(y, func(yi int, index []int) {
		n, c, i, j := index[0], index[1], index[2], index[3]
		for a := range p.Kernel[0] {
			for b := range p.Kernel[1] {
				row := i*p.Stride[0] + a*p.Dilation[0] - p.Pad[0]
				col := j*p.Stride[1] + b*p.Dilation[1] - p.Pad[1]
				if row < 0 || row >= x[2] || col < 0 || col >= x[3] {
					continue
				}
				visit(at(x, n, c, row, col), yi)
			}
		}
	})
}

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

func maxPool2D(op graph.MaxPool2DOp, y, x array) {
	for yi, xi := range winners(op.Pool, x, y.shape) {
		if xi < 0 {
			y.data[yi] = math.Inf(-1)
		} else {
			y.data[yi] = x.data[xi]
		}
	}
}

func maxPool2DGrad(op graph.MaxPool2DGradOp, dx, x, dy array) {
	for yi, xi := range winners(op.Pool, x, dy.shape) {
		if xi >= 0 {
			dx.data[xi] += dy.data[yi]
		}
	}
}

func avgPool2D(op graph.AvgPool2DOp, y, x array) {
	windows(op.Pool, x.shape, y.shape, func(xi, yi int) { y.data[yi] += x.data[xi] })
	each(y.shape, func(yi int, index []int) {
		y.data[yi] /= float64(op.Divisor(index[2], index[3], x.shape[2], x.shape[3]))
	})
}

func avgPool2DGrad(op graph.AvgPool2DGradOp, dx, dy array) {
	share := make([]float64, len(dy.data))
	each(dy.shape, func(yi int, index []int) {
		share[yi] = dy.data[yi] / float64(op.Pool.Divisor(index[2], index[3], dx.shape[2], dx.shape[3]))
	})
	windows(op.Pool.Pool, dx.shape, dy.shape, func(xi, yi int) { dx.data[xi] += share[yi] })
}

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

func adaptiveAvgPool2D(op graph.AdaptiveAvgPool2DOp, y, x array) {
	regions(op, x.shape, y.shape, func(xi, yi int, size float64) { y.data[yi] += x.data[xi] / size })
}

func adaptiveAvgPool2DGrad(op graph.AdaptiveAvgPool2DGradOp, dx, dy array) {
	regions(op.Pool, dx.shape, dy.shape, func(xi, yi int, size float64) { dx.data[xi] += dy.data[yi] / size })
}
