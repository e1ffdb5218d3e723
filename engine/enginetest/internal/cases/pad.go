package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func padCases() []Case {
	var list moved
	for _, shape := range movedShapes {
		for axis := range shape {
			before, after := make([]int, len(shape)), make([]int, len(shape))
			before[axis], after[axis] = 2, 1
			list.add(fmt.Sprintf("Pad %v along %d", shape, axis), apply(func(x *graph.Node) *graph.Node { return graph.Pad(x, before, after, -1.5) }), shape)
		}
		before, after := make([]int, len(shape)), make([]int, len(shape))
		for a := range shape {
			before[a], after[a] = a%2, (a+1)%3
		}
		list.add(fmt.Sprintf("Pad %v", shape), apply(func(x *graph.Node) *graph.Node { return graph.Pad(x, before, after, 0) }), shape)
		list.add(fmt.Sprintf("Pad %v by nothing", shape), apply(func(x *graph.Node) *graph.Node {
			return graph.Pad(x, make([]int, len(shape)), make([]int, len(shape)), 3)
		}), shape)
	}
	for name, f := range map[string]func(x *graph.Node, before, after []int) *graph.Node{"PadReflect": graph.PadReflect, "PadEdge": graph.PadEdge} {
		list.add(name, apply(func(x *graph.Node) *graph.Node { return f(x, []int{0, 0, 2, 3}, []int{0, 0, 1, 4}) }), tensor.Shape{2, 3, 4, 5})
		list.add(name+" of an image", apply(func(x *graph.Node) *graph.Node {
			return f(graph.MaxPool2D(x, [2]int{2, 2}, square(1, 0, 1), false), []int{0, 1, 1, 2}, []int{0, 0, 2, 0})
		}), tensor.Shape{2, 3, 4, 5})
	}
	return list
}

var padGolden = map[string]GoldenFunc{
	"pad_reflect": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.PadReflect(x["x"], c.Before, c.After)
	},
	"pad_replicate": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.PadEdge(x["x"], c.Before, c.After) },
	"pad": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Pad(x["x"], c.Before, c.After, c.Value)
	},
}
