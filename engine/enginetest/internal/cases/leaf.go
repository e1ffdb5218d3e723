package cases

import (
	"fmt"
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
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

// leafCases have an argument as the result.
func leafCases() []Case {
	var cases []Case
	for _, shape := range []tensor.Shape{{}, {7}, {3, 5}, {2, 3, 4, 5}} {
		cases = append(cases, Case{
			Name:    fmt.Sprintf("the argument %v itself", shape),
			Args:    []Arg{{shape: shape}, {shape: shape}},
			Build:   func(x []*graph.Node) *graph.Node { return x[1] },
			Forward: Exact, Backward: Exact,
		})
	}
	return cases
}
