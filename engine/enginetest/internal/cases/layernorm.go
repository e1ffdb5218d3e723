package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func layerNormCases() []Case {
	var cases []Case
	for _, test := range []struct {
		shape tensor.Shape
		axes  []int
	}{
		{tensor.Shape{5, 33}, []int{-1}},
		{tensor.Shape{130, 7}, []int{1}},
		{tensor.Shape{3, 300}, []int{1}},
		{tensor.Shape{2, 5, 3}, []int{-1}},
		{tensor.Shape{4, 2, 6}, []int{1, 2}},
		{tensor.Shape{70}, nil},
		{tensor.Shape{2, 3, 4, 5}, []int{1, 2, 3}},
		{tensor.Shape{2, 3, 4, 5}, []int{3}},
		{tensor.Shape{2, 12, 4, 5}, []int{1}},
		{tensor.Shape{3, 9, 1, 1}, []int{1}},
		{tensor.Shape{3, 4, 5}, []int{0, 1}},
		{tensor.Shape{2, 3, 4, 3}, []int{0, 2}},
	} {
		var row tensor.Shape
		for i, d := range test.shape {
			for _, a := range test.axes {
				if a == i || a+len(test.shape) == i {
					row = append(row, d)
				}
			}
		}
		if test.axes == nil {
			row = test.shape
		}
		for _, x := range []Arg{{shape: test.shape}, shifted(test.shape)} {
			name := fmt.Sprintf("%v over axes %v", test.shape, test.axes)
			if x.data != nil {
				name += ", shifted"
			}
			cases = append(cases, Case{
				Name: name,
				Args: []Arg{x, {shape: row}, {shape: row}},
				Build: func(x []*graph.Node) *graph.Node {
					return graph.LayerNorm(x[0], x[1], x[2], 1e-3, test.axes...)
				},
				Forward: Measured, Backward: Measured,
			})
		}
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%v over axes %v, without parameters", test.shape, test.axes),
			Args:    []Arg{{shape: test.shape}},
			Build:   apply(func(x *graph.Node) *graph.Node { return graph.LayerNorm(x, nil, nil, 1e-3, test.axes...) }),
			Forward: Measured, Backward: Measured,
		})
	}
	// A block of ConvNeXt (Liu et al. 2022), around which images stay as they are.
	return append(cases, Case{
		Name: "over channels, between convolutions",
		Args: []Arg{of(2, 8, 6, 5), of(8, 1, 3, 3), of(8), of(8), of(12, 8), of(8, 12, 1, 1)},
		Build: func(x []*graph.Node) *graph.Node {
			y := graph.Transpose(graph.Conv2D(x[0], x[1], nil, square(1, 1, 1), 8), 0, 2, 3, 1)
			y = graph.Reshape(graph.LayerNorm(y, x[2], x[3], 1e-6, -1), 2*6*5, 8)
			y = graph.GELU(graph.Linear(y, x[4], nil))
			return graph.Conv2D(graph.Transpose(graph.Reshape(y, 2, 6, 5, 12), 0, 3, 1, 2), x[5], nil, graph.Window{}, 1)
		},
		Forward: Measured, Backward: Measured,
	})
}

func layerNormRounding(n *graph.Node) Rounding {
	if _, ok := n.Op().(graph.LayerNormParamGradOp); ok { // what dy is multiplied by has variance 1
		return Rounding{Terms: n.Inputs()[0].Shape().Size() / (n.Shape().Size() / 2), Sum: n.Inputs()[1:]}
	}
	return Rounding{}
}

var layerNormGolden = map[string]GoldenFunc{
	"layer_norm": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.LayerNorm(x["x"], x["weight"], x["bias"], c.Eps, c.Axes...)
	},
}
