package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func sliceCases() []Case {
	var list moved
	for _, shape := range movedShapes {
		for axis := range shape {
			n := shape[axis]
			for _, span := range [][2]int{{0, 1}, {n - 1, n}, {n / 2, n}, {0, (n + 1) / 2}, {n / 3, n/3 + 1}} {
				if span[0] < span[1] && span[1]-span[0] < n {
					list.add(fmt.Sprintf("Slice %v along %d from %d to %d", shape, axis, span[0], span[1]),
						apply(func(x *graph.Node) *graph.Node { return graph.Slice(x, axis, span[0], span[1]) }), shape)
				}
			}
		}
	}
	return list
}

var sliceGolden = map[string]GoldenFunc{
	"slice": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Slice(x["x"], c.Axis, c.Start, c.Stop)
	},
}
