package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func avgPoolCases() []Case {
	var cases []Case
	for _, s := range append(poolSpecs(), unevenSpecs()...) {
		for _, include := range []bool{true, false} {
			cases = append(cases, Case{
				Name: fmt.Sprintf("%v, dilation %v, include padding %v", s, s.window.Dilation, include),
				Args: []Arg{{shape: s.shape}},
				Build: func(x []*graph.Node) *graph.Node {
					return graph.AvgPool2D(x[0], s.kernel, s.window, s.ceil, include)
				},
				Forward: Sums, Backward: Sums,
			})
		}
	}
	return cases
}

var avgPoolGolden = map[string]GoldenFunc{
	"avg_pool2d": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.AvgPool2D(x["x"], c.Kernel, c.window(), c.Ceil, c.Include)
	},
}

func avgPoolRounding(n *graph.Node) Rounding {
	if op, ok := n.Op().(graph.AvgPool2DOp); ok {
		return Rounding{Terms: op.Kernel[0] * op.Kernel[1], Sum: n.Inputs(), Mean: true}
	}
	return Rounding{}
}
