package reference

import (
	"slices"

	"github.com/strideml/stride/graph"
)

func transpose(op graph.TransposeOp, y, x array) {
	from := make([]int, len(x.shape))
	each(y.shape, func(i int, index []int) {
		for a, p := range op.Perm {
			from[p] = index[a]
		}
		y.data[i] = x.data[at(x.shape, from...)]
	})
}

func concat(op graph.ConcatOp, y array, in []array) {
	start := 0
	for _, x := range in {
		each(x.shape, func(i int, index []int) {
			to := slices.Clone(index)
			to[op.Axis] += start
			y.data[at(y.shape, to...)] = x.data[i]
		})
		start += x.shape[op.Axis]
	}
}

func slice(op graph.SliceOp, y, x array) {
	each(y.shape, func(i int, index []int) {
		from := slices.Clone(index)
		from[op.Axis] += op.Start
		y.data[i] = x.data[at(x.shape, from...)]
	})
}

func pad(op graph.PadOp, y, x array) {
	for i := range y.data {
		y.data[i] = float64(op.Value)
	}
	each(x.shape, func(i int, index []int) {
		to := slices.Clone(index)
		for a := range to {
			to[a] += op.Before[a]
		}
		y.data[at(y.shape, to...)] = x.data[i]
	})
}
