package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

// neighbours calls visit for each element xi and each element xj whose square
// is in the sum s of xi.
func neighbours(op graph.LRNOp, x array, visit func(xi, xj int)) {
	each(x.shape, func(xi int, index []int) {
		apart := x.shape[2:].Size() // elements from channel to channel
		from, to := op.Channels(index[1], x.shape[1])
		for j := from; j < to; j++ {
			visit(xi, xi+(j-index[1])*apart)
		}
	})
}

// lrnSums is s of each element.
func lrnSums(op graph.LRNOp, x array) []float64 {
	s := make([]float64, len(x.data))
	for i := range s {
		s[i] = float64(op.K)
	}
	neighbours(op, x, func(xi, xj int) {
		s[xi] += float64(op.Alpha) / float64(op.Size) * x.data[xj] * x.data[xj]
	})
	return s
}

func lrn(op graph.LRNOp, y array, in []array) {
	x := in[0]
	for i, s := range lrnSums(op, x) {
		y.data[i] = x.data[i] / math.Pow(s, float64(op.Beta))
	}
}

func lrnGrad(op graph.LRNGradOp, dx array, in []array) {
	x, dy, beta := in[0], in[1], float64(op.LRN.Beta)
	sums := lrnSums(op.LRN, x)
	for i, s := range sums {
		dx.data[i] = dy.data[i] / math.Pow(s, beta)
	}
	// Element xj is in the sum of xi.
	neighbours(op.LRN, x, func(xi, xj int) {
		factor := 2 * float64(op.LRN.Alpha) * beta / float64(op.LRN.Size)
		dx.data[xj] -= factor * x.data[xj] * dy.data[xi] * x.data[xi] / math.Pow(sums[xi], beta+1)
	})
}
