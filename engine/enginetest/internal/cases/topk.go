package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func topKCases() []Case {
	var cases []Case
	for _, shape := range []tensor.Shape{{9}, {5, 10}, {3, 4, 5}, {2, 3, 4, 5}} {
		for axis, n := range shape {
			for _, k := range []int{1, 2, n} {
				for i, x := range []Arg{{shape: shape}, {shape: shape, fill: digit}} {
					largest := (axis+k+i)%2 == 0
					name := fmt.Sprintf("TopK %v over %d of %v, largest %v, ties %v", k, axis, shape, largest, x.fill != nil)
					cases = append(cases, Case{
						Name: name + ", indices", Args: []Arg{x}, Forward: Exact, Flat: true,
						Build: apply(func(x *graph.Node) *graph.Node { return graph.TopKIndices(x, axis, k, largest) }),
					}, Case{
						Name: name, Args: []Arg{x}, Forward: Exact, Backward: Sums, Flat: x.fill != nil,
						Build: apply(func(x *graph.Node) *graph.Node {
							values, _ := graph.TopK(x, axis, k, largest)
							return values
						}),
					})
				}
			}
		}
	}
	return append(cases, Case{
		Name: "TopK of an image", Args: []Arg{of(2, 9, 4, 4)}, Forward: Exact, Flat: true,
		Build: apply(func(x *graph.Node) *graph.Node {
			return graph.TopKIndices(graph.MaxPool2D(x, [2]int{2, 2}, square(1, 0, 1), false), 1, 4, true)
		}),
	})
}

var topKGolden = map[string]GoldenFunc{
	"topk": func(c Golden, x map[string]*graph.Node) *graph.Node {
		values, _ := graph.TopK(x["x"], c.Axis, c.Size, c.Include)
		return values
	},
	"topk_indices": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.TopKIndices(x["x"], c.Axis, c.Size, c.Include)
	},
}
