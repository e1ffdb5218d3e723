package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
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
	for _, s := range [][4]int{{0, 0, 7, 2}, {1, 4, -1, -1}, {1, 1, 5, 3}, {2, 5, 0, -2}, {-1, 0, 9, 8}, {3, 8, 2, -3}} {
		list.add(fmt.Sprintf("SliceStep along %d from %d to %d by %d", s[0], s[1], s[2], s[3]),
			apply(func(x *graph.Node) *graph.Node { return graph.SliceStep(x, s[0], s[1], s[2], s[3]) }), tensor.Shape{7, 5, 6, 9})
	}
	return list
}

var sliceGolden = map[string]GoldenFunc{
	"slice": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.Slice(x["x"], c.Axis, c.Start, c.Stop)
	},
	"slice_step": func(c Golden, x map[string]*graph.Node) *graph.Node {
		return graph.SliceStep(x["x"], c.Axis, c.Start, c.Stop, c.Size)
	},
}
