package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func argMaxCases() []Case {
	var cases []Case
	for _, shape := range []tensor.Shape{{9}, {5, 10}, {10, 1}, {3, 4, 5}, {2, 3, 4, 5}} {
		for axis := range shape {
			for _, x := range []Arg{{shape: shape}, {shape: shape, fill: digit}} {
				cases = append(cases, Case{
					Name:    fmt.Sprintf("ArgMin %v over %d, ties %v", shape, axis, x.fill != nil),
					Args:    []Arg{x},
					Build:   func(x []*graph.Node) *graph.Node { return graph.ArgMin(x[0], axis) },
					Forward: Exact, Flat: true,
				}, Case{
					Name:    fmt.Sprintf("ArgMax %v over %d, ties %v", shape, axis, x.fill != nil),
					Args:    []Arg{x},
					Build:   func(x []*graph.Node) *graph.Node { return graph.ArgMax(x[0], axis) },
					Forward: Exact, Flat: true,
				})
			}
		}
	}
	return cases
}

var argMaxGolden = map[string]GoldenFunc{
	"argmax": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.ArgMax(x["x"], c.Axis) },
	"argmin": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.ArgMin(x["x"], c.Axis) },
}
