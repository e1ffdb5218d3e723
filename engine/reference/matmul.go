package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func matMul(op graph.MatMulOp, y array, in []array) {
	a, b := in[0], in[1]
	k := a.shape[len(a.shape)-1]
	if op.TransA {
		k = a.shape[len(a.shape)-2]
	}
	each(y.shape, func(yi int, index []int) {
		batch, row, column := index[:len(index)-2], index[len(index)-2], index[len(index)-1]
		for l := range k {
			p, q := []int{row, l}, []int{l, column}
			if op.TransA {
				slices.Reverse(p)
			}
			if op.TransB {
				slices.Reverse(q)
			}
			y.data[yi] += element(a, batch, p) * element(b, batch, q)
		}
	})
}

// element returns an element of one of several matrices, whose batch axes are
// broadcast.
func element(x array, batch, index []int) float64 {
	rank := len(x.shape) - 2
	matrix := stretched(x.shape[:rank], batch)
	return x.data[matrix*x.shape[rank]*x.shape[rank+1]+at(x.shape[rank:], index...)]
}
