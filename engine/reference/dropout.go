package reference

import (
	"math"

	"github.com/strideml/stride/graph"
)

// dropout keeps element i if its random bits reach the threshold.
func dropout(op graph.DropoutOp, y array, in []array) {
	x, step := in[0], in[1]
	number := graph.StepNumber(float32(step.data[0]), float32(step.data[1]))
	start := uint32(0)
	if len(step.data) > 2 {
		start = graph.DropoutStart(x.shape, uint32(step.data[2]))
	}
	threshold := uint32(math.Floor(float64(op.P) * (1 << 24)))
	for i, v := range x.data {
		if graph.DropoutBits(op.Key, number, start+uint32(i))>>8 >= threshold {
			y.data[i] = v / (1 - float64(op.P))
		}
	}
}
