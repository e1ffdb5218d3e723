package cases

import (
	"fmt"

	"github.com/strideml/stride/graph"
)

func matMulCases() []Case {
	var cases []Case
	add := func(m, k, n int, ta, tb bool) {
		a, b := of(m, k), of(k, n)
		if ta {
			a = of(k, m)
		}
		if tb {
			b = of(n, k)
		}
		cases = append(cases, Case{
			Name: fmt.Sprintf("%d×%d×%d %v %v", m, k, n, ta, tb),
			Args: []Arg{a, b},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.MatMulT(x[0], x[1], ta, tb)
			},
			Forward: Sums, Backward: Sums,
		})
	}
	for i, s := range [][3]int{
		{1, 1, 1}, {1, 1, 7}, {7, 1, 1}, {1, 9, 1}, {5, 1, 6}, {2, 3, 4}, {3, 8, 5}, {6, 16, 16}, {7, 17, 15}, {8, 8, 8}, {13, 31, 33},
		{16, 5, 48}, {17, 64, 1}, {1, 70, 65}, {31, 2, 31}, {33, 33, 33}, {6, 70, 16}, {12, 7, 32}, {70, 3, 70}, {70, 70, 70}, {64, 64, 64},
		{5, 400, 12}, {2, 1025, 3}, {130, 4, 5}, {4, 5, 130},
	} {
		for flags := range 4 {
			// Large products: one combination of flags each.
			if s[0]*s[1]*s[2] < 20000 || flags == i%4 {
				add(s[0], s[1], s[2], flags&1 == 1, flags&2 == 2)
			}
		}
	}
	for _, s := range [][3]int{{1, 5, 3}, {4, 120, 84}, {33, 17, 10}, {2, 256, 7}} {
		cases = append(cases, Case{
			Name: fmt.Sprintf("Linear %d×%d to %d", s[0], s[1], s[2]),
			Args: []Arg{of(s[0], s[1]), of(s[2], s[1]), of(s[2])},
			Build: func(x []*graph.Node) *graph.Node {
				return graph.Linear(x[0], x[1], x[2])
			},
			Forward: Sums, Backward: Sums,
		})
	}
	return append(cases, Case{
		Name:    "of a matrix with itself",
		Args:    []Arg{of(9, 9)},
		Build:   func(x []*graph.Node) *graph.Node { return graph.MatMul(x[0], x[0]) },
		Forward: Sums, Backward: Sums,
	})
}

var matMulGolden = map[string]GoldenFunc{
	"matmul": goldenOf2(graph.MatMul),
	"linear": func(_ Golden, x map[string]*graph.Node) *graph.Node { return graph.Linear(x["x"], x["w"], x["b"]) },
}

func matMulRounding(n *graph.Node) Rounding {
	return Rounding{Terms: n.Inputs()[0].Shape().Size() / n.Shape()[0], Sum: n.Inputs()[:2]}
}
