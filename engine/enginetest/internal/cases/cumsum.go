package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func cumSumCases() []Case {
	var cases []Case
	for _, shape := range movedShapes {
		for axis := range shape {
			for flags := range 4 {
				exclusive, reverse := flags&1 == 1, flags&2 == 2
				cases = append(cases, Case{
					Name: fmt.Sprintf("CumSum %v along %d, %v %v", shape, axis, exclusive, reverse), Args: []Arg{{shape: shape}}, Forward: Sums, Backward: Sums,
					Build: apply(func(x *graph.Node) *graph.Node { return graph.CumSum(x, axis, exclusive, reverse) }),
				})
			}
		}
	}
	return cases
}

var cumSumGolden = map[string]GoldenFunc{
	"cumsum": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.CumSum(x["x"], c.Axis, false, false)
	},
}

func cumSumRounding(n *graph.Node) Rounding {
	return Rounding{Terms: n.Shape()[n.Op().(graph.CumSumOp).Axis], Sum: n.Inputs()}
}
