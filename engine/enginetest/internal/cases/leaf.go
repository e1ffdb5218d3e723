package cases

import (
	"math"

	"github.com/strideml/stride/graph"
)

// leafRounding: constants that are whole numbers stand for themselves.
func leafRounding(n *graph.Node) Rounding {
	c, ok := n.Op().(graph.ConstantOp)
	if !ok {
		return Rounding{}
	}
	for _, v := range c.Value.Data() {
		if float64(v) != math.Trunc(float64(v)) {
			return Rounding{}
		}
	}
	return Rounding{None: true}
}
