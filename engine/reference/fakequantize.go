package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

func fakeQuantize(op graph.FakeQuantizeOp, y array, in []array) {
	x, scale, zero := in[0], in[1], in[2]
	each(y.shape, func(i int, index []int) {
		s, z := scale.data[stretched(scale.shape, index)], zero.data[stretched(zero.shape, index)]
		q := math.RoundToEven(float64(float32(x.data[i]/s))) + z
		y.data[i] = (max(float64(op.Min), min(q, float64(op.Max))) - z) * s
	})
}
