package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func gatherCases() []Case {
	var list moved
	for _, shape := range movedShapes {
		for axis, n := range shape {
			for _, indices := range [][]int{{0}, {n - 1, 0}, {0, n / 2, n / 2, 0, n - 1}} {
				list.add(fmt.Sprintf("Gather %v along %d of %v", shape, axis, indices),
					apply(func(x *graph.Node) *graph.Node { return graph.Gather(x, axis, indices) }), shape)
			}
		}
	}
	list.add("Gather of channels", apply(func(x *graph.Node) *graph.Node {
		return graph.Gather(graph.MaxPool2D(x, [2]int{2, 2}, square(1, 0, 1), false), 1, []int{5, 3, 3, 0, 7})
	}), tensor.Shape{2, 8, 5, 5})
	list.add("Gather of rows of an image", apply(func(x *graph.Node) *graph.Node {
		return graph.Gather(graph.MaxPool2D(x, [2]int{2, 2}, square(1, 0, 1), false), -2, []int{1, 0, 3})
	}), tensor.Shape{2, 8, 5, 5})
	list.add("Gather of many copies", apply(func(x *graph.Node) *graph.Node {
		return graph.Gather(x, 1, []int{4, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 0, 0})
	}), tensor.Shape{2, 5, 3})
	return list
}

var gatherGolden = map[string]GoldenFunc{
	"gather": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.Gather(x["x"], c.Axis, c.Axes) },
}

// gatherRounding: a derivative is the sum of as many numbers as an index occurs.
func gatherRounding(n *graph.Node) Rounding {
	op, ok := n.Op().(graph.GatherGradOp)
	if !ok {
		return Rounding{None: true}
	}
	times, most := map[int]int{}, 1
	for _, i := range op.Gather.Indices {
		times[i]++
		most = max(most, times[i])
	}
	return Rounding{Terms: most, Sum: n.Inputs()}
}
