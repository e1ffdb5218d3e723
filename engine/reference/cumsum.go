package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func cumSum(op graph.CumSumOp, y array, in []array) {
	x := in[0]
	lines(x.shape, op.Axis, func(_ int, elements []int) {
		if op.Reverse {
			slices.Reverse(elements)
		}
		sum := 0.0
		for _, e := range elements {
			before := sum
			sum += x.data[e]
			y.data[e] = sum
			if op.Exclusive {
				y.data[e] = before
			}
		}
	})
}
