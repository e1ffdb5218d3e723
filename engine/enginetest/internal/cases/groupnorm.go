package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func groupNormCases() []Case {
	var cases []Case
	for _, test := range []struct {
		shape  tensor.Shape
		groups int
	}{
		{tensor.Shape{2, 6, 4, 5}, 2}, {tensor.Shape{2, 6, 4, 5}, 1}, {tensor.Shape{1, 33, 7, 6}, 3}, {tensor.Shape{3, 4, 3, 3}, 4},
		{tensor.Shape{5, 12}, 3}, {tensor.Shape{1, 8, 20, 20}, 2}, {tensor.Shape{9, 4, 2, 1}, 2}, {tensor.Shape{2, 16, 1, 1}, 4},
		{tensor.Shape{2, 6, 5}, 3}, {tensor.Shape{2, 4, 2, 3, 2}, 2},
	} {
		c := test.shape[1]
		for _, x := range []Arg{{shape: test.shape}, shifted(test.shape)} {
			note := ""
			if x.data != nil {
				note = ", shifted"
			}
			if len(test.shape) == 2 || len(test.shape) == 4 {
				cases = append(cases, Case{
					Name:    fmt.Sprintf("statistics of %v in %d groups%s", test.shape, test.groups, note),
					Args:    []Arg{x},
					Build:   apply(func(x *graph.Node) *graph.Node { return graph.GroupStats(x, test.groups) }),
					Forward: Measured, Flat: true,
				})
			}
			cases = append(cases, Case{
				Name: fmt.Sprintf("%v in %d groups%s", test.shape, test.groups, note),
				Args: []Arg{x, of(c), of(c)},
				Build: func(x []*graph.Node) *graph.Node {
					return graph.GroupNorm(x[0], test.groups, x[1], x[2], 1e-3)
				},
				Forward: Measured, Backward: Measured,
			})
		}
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%v in %d groups, without parameters, ReLU", test.shape, test.groups),
			Args:    []Arg{{shape: test.shape}},
			Build:   apply(func(x *graph.Node) *graph.Node { return graph.ReLU(graph.GroupNorm(x, test.groups, nil, nil, 0.01)) }),
			Forward: Measured, Backward: Measured,
		})
	}
	return append(cases, Case{
		Name: "instance norm between convolutions",
		Args: []Arg{of(2, 3, 8, 7), of(10, 3, 3, 3), of(10), of(10), of(4, 10, 1, 1)},
		Build: func(x []*graph.Node) *graph.Node {
			y := graph.InstanceNorm(graph.Conv2D(x[0], x[1], nil, square(1, 1, 1), 1), x[2], x[3], 1e-5)
			return graph.Conv2D(graph.ReLU(y), x[4], nil, graph.Window{}, 1)
		},
		Forward: Measured, Backward: Measured,
	}, Case{
		Name:    "of slices that lie in a concatenation",
		Args:    []Arg{of(2, 4, 3, 3), of(2, 8, 3, 3), of(12), of(12)},
		Forward: Measured, Backward: Measured,
		Build: func(x []*graph.Node) *graph.Node {
			both := graph.Concat(1, graph.ReLU(x[0]), graph.ReLU(x[1]))
			y := graph.GroupNorm(graph.Slice(both, 1, 4, 12), 2, nil, nil, 0.01)
			return graph.Add(graph.GroupNorm(both, 3, x[2], x[3], 0.01), graph.Concat(1, y, graph.Slice(both, 1, 0, 4)))
		},
	})
}

func groupNormRounding(n *graph.Node) Rounding {
	x := n.Inputs()[0].Shape()
	pixels := x.Size() / (x[0] * x[1])
	switch op := n.Op().(type) {
	case graph.GroupStatsOp:
		return Rounding{Terms: pixels * x[1] / op.Groups, Sum: n.Inputs(), Mean: true}
	case graph.GroupNormParamGradOp: // what dy is multiplied by has variance 1
		return Rounding{Terms: pixels, Sum: n.Inputs()[2:]}
	}
	return Rounding{}
}

var groupNormGolden = map[string]GoldenFunc{
	"group_norm": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.GroupNorm(x["x"], c.Groups, x["weight"], x["bias"], c.Eps)
	},
	"instance_norm": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.InstanceNorm(x["x"], x["weight"], x["bias"], c.Eps)
	},
}
