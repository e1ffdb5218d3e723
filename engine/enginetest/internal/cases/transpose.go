package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func transposeCases() []Case {
	var list moved
	for _, t := range []struct {
		shape tensor.Shape
		perms [][]int
	}{
		{tensor.Shape{3, 5}, [][]int{{0, 1}, {1, 0}}},
		{tensor.Shape{33, 17}, [][]int{{1, 0}}},
		{tensor.Shape{2, 3, 4}, [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}},
		{tensor.Shape{2, 3, 4, 5}, [][]int{{0, 2, 3, 1}, {0, 3, 1, 2}, {0, 1, 3, 2}, {3, 2, 1, 0}, {1, 0, 2, 3}, {2, 3, 0, 1}, {1, 3, 0, 2}, {0, 1, 2, 3}, {3, 0, 2, 1}}},
	} {
		for _, perm := range t.perms {
			list.add(fmt.Sprintf("Transpose %v by %v", t.shape, perm), apply(func(x *graph.Node) *graph.Node { return graph.Transpose(x, perm...) }), t.shape)
		}
	}
	return list
}

var transposeGolden = map[string]GoldenFunc{
	"transpose": func(c Golden, x map[string]*graph.Node) *graph.Node { return graph.Transpose(x["x"], c.Perm...) },
}
