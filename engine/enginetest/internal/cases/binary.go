package cases

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

var binaryFuncs = []struct {
	name string
	f    func(a, b *graph.Node) *graph.Node
}{{"Add", graph.Add}, {"Sub", graph.Sub}, {"Mul", graph.Mul}, {"Div", graph.Div}, {"Equal", graph.Equal}, {"Minimum", graph.Minimum}, {"Maximum", graph.Maximum}}

func binaryCases() []Case {
	shapes := [][2]tensor.Shape{
		{{}, {}}, {{5}, {}}, {{}, {5}}, {{1}, {1}}, {{33}, {33}}, {{33}, {1}}, {{1}, {33}},
		{{4, 9}, {4, 9}}, {{4, 9}, {9}}, {{9}, {4, 9}}, {{4, 9}, {1, 9}}, {{4, 9}, {4, 1}}, {{4, 1}, {1, 9}}, {{4, 1}, {9}}, {{4, 9}, {}}, {{1, 1}, {4, 9}},
		{{2, 3, 8}, {3, 1}}, {{2, 1, 8}, {1, 3, 1}}, {{3, 8}, {2, 1, 1}},
		{{2, 3, 5, 7}, {2, 3, 5, 7}}, {{2, 3, 5, 7}, {}}, {{2, 3, 5, 7}, {7}}, {{2, 3, 5, 7}, {5, 7}}, {{2, 3, 5, 7}, {5, 1}},
		{{2, 3, 5, 7}, {3, 1, 1}}, {{3, 1, 1}, {2, 3, 5, 7}}, {{2, 3, 5, 7}, {1, 3, 1, 1}}, {{2, 3, 5, 7}, {2, 1, 1, 1}}, {{2, 3, 5, 7}, {2, 3, 1, 1}},
		{{2, 3, 5, 7}, {2, 1, 5, 7}}, {{2, 3, 1, 1}, {1, 1, 5, 7}}, {{2, 1, 5, 1}, {1, 3, 1, 7}}, {{2, 3, 5, 7}, {3, 5, 7}}, {{1, 3, 5, 7}, {2, 1, 1, 1}},
		{{2, 16, 4, 4}, {16, 1, 1}}, {{2, 17, 3, 3}, {2, 17, 3, 3}}, {{1, 8, 4, 4}, {1, 8, 1, 1}}, {{2, 3, 1, 1}, {3, 1, 1}}, {{3, 33, 1, 1}, {3, 33, 1, 1}},
	}
	var cases []Case
	for _, b := range binaryFuncs {
		for _, s := range shapes {
			c := Case{
				Name:    fmt.Sprintf("%s %v, %v", b.name, s[0], s[1]),
				Args:    []Arg{{shape: s[0]}, {shape: s[1]}},
				Build:   func(x []*graph.Node) *graph.Node { return b.f(x[0], x[1]) },
				Forward: Pointwise, Backward: Measured,
			}
			switch b.name {
			case "Div":
				c.Args[1].fill = positive
			case "Equal":
				c.Args[0].fill, c.Args[1].fill = digit, digit
				c.Forward, c.Flat = Exact, true
			}
			cases = append(cases, c)
			if strings.HasSuffix(b.name, "imum") { // equal elements share the derivative
				c.Name += ", ties"
				c.Args = []Arg{{shape: s[0], fill: digit}, {shape: s[1], fill: digit}}
				c.Forward = Exact
				cases = append(cases, c)
			}
		}
		cases = append(cases, Case{
			Name:    b.name + " of x with itself",
			Args:    []Arg{of(2, 5, 3, 3).with(positive)},
			Build:   func(x []*graph.Node) *graph.Node { return b.f(x[0], x[0]) },
			Forward: Pointwise, Backward: Measured, Flat: b.name == "Equal",
		})
	}
	return cases
}

var binaryGolden = map[string]GoldenFunc{
	"add": goldenOf2(graph.Add), "sub": goldenOf2(graph.Sub), "mul": goldenOf2(graph.Mul), "div": goldenOf2(graph.Div),
	"eq": goldenOf2(graph.Equal), "minimum": goldenOf2(graph.Minimum), "maximum": goldenOf2(graph.Maximum),
}

func binaryRounding(n *graph.Node) Rounding {
	switch n.Op().(graph.BinaryOp).Func {
	case graph.KindEqual, graph.KindMinimum, graph.KindMaximum:
		return Rounding{None: true}
	}
	return Rounding{}
}
