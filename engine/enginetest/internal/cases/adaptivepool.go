package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func adaptivePoolCases() []Case {
	var cases []Case
	for _, s := range []struct {
		shape         tensor.Shape
		height, width int
	}{
		{tensor.Shape{2, 3, 7, 7}, 7, 7}, // nothing to do
		{tensor.Shape{2, 3, 6, 5}, 1, 1},
		{tensor.Shape{1, 8, 6, 9}, 3, 3}, // divides
		{tensor.Shape{2, 3, 13, 13}, 6, 6},
		{tensor.Shape{1, 5, 10, 7}, 3, 5},
		{tensor.Shape{2, 17, 5, 8}, 2, 1},
		{tensor.Shape{2, 17, 5, 8}, 1, 3},
		{tensor.Shape{3, 9, 2, 3}, 7, 7}, // larger than the image
		{tensor.Shape{1, 1, 1, 1}, 4, 2},
		{tensor.Shape{1, 33, 11, 4}, 7, 6},
		{tensor.Shape{1, 2, 29, 41}, 3, 4}, // large regions
	} {
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%v to %d×%d", s.shape, s.height, s.width),
			Args:    []Arg{{shape: s.shape}},
			Build:   func(x []*graph.Node) *graph.Node { return graph.AdaptiveAvgPool2D(x[0], s.height, s.width) },
			Forward: Sums, Backward: Sums,
		})
	}
	// Behind and before work that an engine may attach to the pooling.
	cases = append(cases, Case{
		Name: "between a convolution and ReLU6",
		Args: []Arg{of(2, 3, 9, 9), of(10, 3, 3, 3)},
		Build: func(x []*graph.Node) *graph.Node {
			y := graph.Conv2D(x[0], x[1], nil, graph.Window{}, 1)
			return graph.ReLU6(graph.Add(graph.AdaptiveAvgPool2D(y, 3, 2), y.Graph().Scalar(3)))
		},
		Forward: Measured, Backward: Measured,
	})
	return cases
}

var adaptivePoolGolden = map[string]GoldenFunc{
	"adaptive_avg_pool2d": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.AdaptiveAvgPool2D(x["x"], c.Shape[0], c.Shape[1])
	},
}

func adaptivePoolRounding(n *graph.Node) Rounding {
	return Rounding{Terms: n.Shape()[2:].Size() + n.Inputs()[0].Shape()[2:].Size()} // more than there are
}
