package reference

import (
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
