package reference

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
)

func topK(op graph.TopKOp, y array, in []array) {
	x := in[0]
	var results [][]int // the elements of each line of y
	lines(y.shape, op.Axis, func(_ int, elements []int) { results = append(results, slices.Clone(elements)) })
	lines(x.shape, op.Axis, func(line int, elements []int) {
		order := make([]int, len(elements))
		for k := range order {
			order[k] = k
		}
		slices.SortStableFunc(order, func(i, j int) int {
			c := compareNaN(x.data[elements[i]], x.data[elements[j]])
			if op.Smallest {
				return c
			}
			return -c
		})
		for k, to := range results[line] {
			y.data[to] = float64(order[k])
		}
	})
}

// compareNaN orders numbers; NaN is greater than all others.
func compareNaN(a, b float64) int {
	switch {
	case a < b || math.IsNaN(b) && !math.IsNaN(a):
		return -1
	case a > b || math.IsNaN(a) && !math.IsNaN(b):
		return 1
	}
	return 0
}
