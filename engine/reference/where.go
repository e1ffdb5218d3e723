package reference

import "github.com/strideml/stride/graph"

func where(_ graph.WhereOp, y array, in []array) {
	condition, a, b := in[0], in[1], in[2]
	each(y.shape, func(i int, index []int) {
		from := b
		if condition.data[stretched(condition.shape, index)] != 0 {
			from = a
		}
		y.data[i] = from.data[stretched(from.shape, index)]
	})
}
