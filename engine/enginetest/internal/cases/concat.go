package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func concatCases() []Case {
	var list moved
	for _, shape := range movedShapes {
		for axis := range shape {
			for count := 2; count <= 4; count++ {
				shapes := make([]tensor.Shape, count)
				for i := range shapes {
					shapes[i] = shape.Clone()
					shapes[i][axis] = 1 + (shape[axis]+3*i)%7
				}
				list.add(fmt.Sprintf("Concat %v along %d", shapes, axis), func(x []*graph.Node) *graph.Node { return graph.Concat(axis, x...) }, shapes...)
			}
			list.add(fmt.Sprintf("Concat %v with itself along %d", shape, axis), apply(func(x *graph.Node) *graph.Node {
				return graph.Concat(axis, x, graph.Neg(x), x)
			}), shape)
		}
	}
	list.add("Concat of channels that fill no vector", func(x []*graph.Node) *graph.Node { return graph.Concat(1, x...) },
		tensor.Shape{2, 5, 4, 4}, tensor.Shape{2, 1, 4, 4}, tensor.Shape{2, 17, 4, 4}, tensor.Shape{2, 8, 4, 4})
	list.add("Concat of results", func(x []*graph.Node) *graph.Node {
		return graph.Concat(1, graph.ReLU(x[0]), graph.MaxPool2D(x[0], [2]int{3, 3}, square(1, 1, 1), false), graph.Slice(x[1], 1, 1, 4))
	}, tensor.Shape{2, 5, 4, 4}, tensor.Shape{2, 6, 4, 4})
	return list
}

var concatGolden = map[string]GoldenFunc{
	"concat": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Concat(c.Axis, x["a"], x["b"], x["c"])
	},
}
