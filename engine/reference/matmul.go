package reference

import (
	"github.com/strideml/stride/graph"
)

func matMul(op graph.MatMulOp, y array, in []array) {
	a, b := in[0], in[1]
	k := a.shape[1]
	if op.TransA {
		k = a.shape[0]
	}
	each(y.shape, func(yi int, index []int) {
		i, j := index[0], index[1]
		for l := range k {
			p, q := at(a.shape, i, l), at(b.shape, l, j)
			if op.TransA {
				p = at(a.shape, l, i)
			}
			if op.TransB {
				q = at(b.shape, j, l)
			}
			y.data[yi] += a.data[p] * b.data[q]
		}
	})
}
