package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
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
	return list
}

var padGolden = map[string]GoldenFunc{
	"pad": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Pad(x["x"], c.Before, c.After, c.Value)
	},
}
