package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func reshapeCases() []Case {
	var list moved
	for _, s := range [][2]tensor.Shape{
		{{}, {1}}, {{1}, {}}, {{12}, {3, 4}}, {{3, 4}, {12}}, {{3, 4}, {4, 3}}, {{2, 3, 4, 5}, {2, 60}}, {{2, 60}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {5, 4, 3, 2}},
		{{2, 3, 4, 5}, {6, 20}}, {{2, 16, 3, 3}, {2, 144}}, {{2, 17, 1, 1}, {2, 17}}, {{2, 17}, {2, 17, 1, 1}}, {{2, 3, 4, 5}, {2, 12, 5}}, {{24}, {2, 3, 2, 2}}, {{2, 6, 3, 3}, {2, 2, 3, 9}},
		{{2, 6, 3, 3}, {2, 3, 2, 9}}, {{4, 3, 2, 2}, {1, 12, 2, 2}},
	} {
		list.add(fmt.Sprintf("Reshape %v to %v", s[0], s[1]), apply(func(x *graph.Node) *graph.Node { return graph.Reshape(x, s[1]...) }), s[0])
		// Between operators that have no reason to keep the given layout.
		list.add(fmt.Sprintf("Reshape %v to %v, then ReLU", s[0], s[1]), apply(func(x *graph.Node) *graph.Node {
			return graph.ReLU(graph.Reshape(graph.Neg(x), s[1]...))
		}), s[0])
	}
	return list
}

var reshapeGolden = map[string]GoldenFunc{
	"reshape": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.Reshape(x["x"], c.Shape...) },
}
