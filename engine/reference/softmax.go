package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

func softmax(op graph.SoftmaxOp, y array, in []array) {
	x := in[0]
	lines(x.shape, op.Axis, func(_ int, elements []int) {
		top := math.Inf(-1)
		for _, e := range elements {
			top = max(top, x.data[e])
		}
		sum := 0.0
		for _, e := range elements {
			sum += math.Exp(x.data[e] - top)
		}
		for _, e := range elements {
			if op.Log {
				y.data[e] = x.data[e] - top - math.Log(sum)
			} else {
				y.data[e] = math.Exp(x.data[e]-top) / sum
			}
		}
	})
}
