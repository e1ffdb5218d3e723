package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

func argMax(op graph.ArgMaxOp, y array, in []array) {
	x := in[0]
	lines(x.shape, op.Axis, func(line int, elements []int) {
		best := 0
		for k, e := range elements {
			v, b := x.data[e], x.data[elements[best]]
			if v > b || math.IsNaN(v) && !math.IsNaN(b) {
				best = k
			}
		}
		y.data[line] = float64(best)
	})
}
