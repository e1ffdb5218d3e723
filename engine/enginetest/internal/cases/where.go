package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func whereCases() []Case {
	var cases []Case
	add := func(name string, build func(x []*graph.Node) *graph.Node, shapes ...tensor.Shape) {
		c := Case{Name: name, Build: build, Forward: Exact, Backward: Measured}
		for i, s := range shapes {
			c.Args = append(c.Args, Arg{shape: s})
			if i == 0 {
				c.Args[0].fill, c.Args[0].Fixed = digit, true
			}
		}
		cases = append(cases, c)
	}
	where := func(x []*graph.Node) *graph.Node { return graph.Where(x[0], x[1], x[2]) }
	for _, s := range [][3]tensor.Shape{
		{{}, {}, {}}, {{33}, {33}, {33}}, {{33}, {}, {}}, {{}, {33}, {33}}, {{33}, {1}, {33}}, {{4, 9}, {9}, {4, 1}}, {{1, 9}, {4, 1}, {}},
		{{2, 3, 5, 7}, {2, 3, 5, 7}, {2, 3, 5, 7}}, {{5, 7}, {2, 3, 5, 7}, {}}, {{3, 1, 1}, {2, 3, 5, 7}, {2, 1, 1, 7}}, {{2, 1, 1, 1}, {3, 1, 1}, {5, 1}},
		{{1}, {2, 8, 1, 1}, {8, 1, 1}},
	} {
		add(fmt.Sprintf("Where %v, %v, %v", s[0], s[1], s[2]), where, s[:]...)
	}
	// In groups with others, which read the same scalars.
	add("Where in a group", func(x []*graph.Node) *graph.Node {
		y := graph.Where(graph.Less(x[1], x[2]), graph.Mul(x[1], x[2]), x[2])
		return graph.Add(graph.Where(x[0], y, graph.Neg(y)), x[2])
	}, tensor.Shape{2, 3, 4, 5}, tensor.Shape{2, 3, 4, 5}, tensor.Shape{})
	cases[len(cases)-1].Forward = Measured
	add("Where after a convolution", func(x []*graph.Node) *graph.Node {
		return graph.Where(x[0], graph.Conv2D(x[1], x[2], nil, graph.Window{}, 1), x[1].Graph().Scalar(-1))
	}, tensor.Shape{4, 5}, tensor.Shape{2, 3, 4, 5}, tensor.Shape{8, 3, 1, 1})
	cases[len(cases)-1].Forward = Sums
	return cases
}

var whereGolden = map[string]GoldenFunc{
	"where": func(_ Golden, x map[string]*graph.Node) *graph.Node { return graph.Where(x["c"], x["a"], x["b"]) },
}
