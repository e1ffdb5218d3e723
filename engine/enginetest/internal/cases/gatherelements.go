package cases

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func gatherElementsCases() []Case {
	var cases []Case
	for _, shape := range movedShapes {
		for axis, n := range shape {
			indices := Arg{shape: shape.Clone(), Fixed: true, fill: func(r *rand.Rand) float32 { return float32(r.IntN(n)) }}
			indices.shape[axis] = 4
			cases = append(cases, Case{
				Name: fmt.Sprintf("GatherElements %v along %d", shape, axis), Args: []Arg{{shape: shape}, indices}, Forward: Exact, Backward: Sums,
				Build: func(x []*graph.Node) *graph.Node { return graph.GatherElements(x[0], axis, x[1]) },
			})
		}
	}
	const many = 2100 // an engine may do without comparing all elements with all indices
	chosen := Arg{shape: tensor.Shape{1, many}, Fixed: true, fill: func(r *rand.Rand) float32 { return float32(r.IntN(many+2) - 1) }}
	cases = append(cases, Case{
		Name: "GatherElements of many", Args: []Arg{of(1, many), chosen}, Forward: Exact, Backward: Sums,
		Build: func(x []*graph.Node) *graph.Node { return graph.GatherElements(x[0], 1, x[1]) },
	})
	return append(cases, Case{ // indices of no element
		Name: "GatherElements of bad indices", Forward: Exact, Backward: Sums,
		Args:  []Arg{of(1, 3), constant(tensor.Shape{1, 6}, 2, -1, 3, 0.5, float32(math.NaN()), 0)},
		Build: func(x []*graph.Node) *graph.Node { return graph.GatherElements(x[0], 1, x[1]) },
	})
}

var gatherElementsGolden = map[string]GoldenFunc{
	"gather_elements": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.GatherElements(x["x"], c.Axis, x["indices"])
	},
}

// gatherElementsRounding: a derivative is the sum of as many numbers as an index may
// occur.
func gatherElementsRounding(n *graph.Node) Rounding {
	op, ok := n.Op().(graph.GatherElementsGradOp)
	if !ok {
		return Rounding{None: true}
	}
	return Rounding{Terms: n.Inputs()[0].Shape()[op.Axis], Sum: n.Inputs()[1:]}
}
