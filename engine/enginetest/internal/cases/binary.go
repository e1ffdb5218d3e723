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
}{{"Add", graph.Add}, {"Sub", graph.Sub}, {"Mul", graph.Mul}, {"Div", graph.Div}, {"Equal", graph.Equal}, {"Minimum", graph.Minimum}, {"Maximum", graph.Maximum}, {"Less", graph.Less}, {"LessEqual", graph.LessEqual}, {"Power", graph.Power}, {"Mod", graph.Mod}, {"FMod", graph.FMod}}

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
			case "Div", "Mod", "FMod":
				c.Args[1].fill = positive
			case "Power":
				c.Args[0].fill = positive
			case "Equal", "Less", "LessEqual":
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
		switch b.name {
		case "Less", "LessEqual", "Mod", "FMod":
			continue
		}
		cases = append(cases, Case{
			Name:    b.name + " of x with itself",
			Args:    []Arg{of(2, 5, 3, 3).with(positive)},
			Build:   func(x []*graph.Node) *graph.Node { return b.f(x[0], x[0]) },
			Forward: Pointwise, Backward: Measured, Flat: b.name == "Equal",
		})
	}
	for name, f := range map[string]func(a, b *graph.Node) *graph.Node{"Mod": graph.Mod, "FMod": graph.FMod} {
		cases = append(cases, Case{
			Name: name + " of multiples", Args: []Arg{of(12, 9).with(halves), of(9).with(halves)}, Forward: Exact, Flat: true,
			Build: func(x []*graph.Node) *graph.Node { return f(x[0], x[1]) },
		})
	}
	// Powers of zero and of negative numbers, and the exponent 0.
	cases = append(cases, Case{
		Name: "Power of digits", Args: []Arg{of(9, 7).with(digit), of(9, 7).with(digit)}, Forward: Pointwise, Backward: Measured,
		Build: func(x []*graph.Node) *graph.Node { return graph.Power(x[0], x[1]) },
	})
	return append(cases, logicCases()...)
}

// logicCases are those of functions that are made of comparisons.
func logicCases() []Case {
	zero := func(x *graph.Node) *graph.Node { return x.Graph().Scalar(0) }
	truth := func(f func(a, b *graph.Node) *graph.Node) func(a, b *graph.Node) *graph.Node {
		return func(a, b *graph.Node) *graph.Node { return f(graph.Less(a, zero(a)), graph.LessEqual(zero(b), b)) }
	}
	var cases []Case
	for name, f := range map[string]func(a, b *graph.Node) *graph.Node{
		"Greater": graph.Greater, "GreaterEqual": graph.GreaterEqual, "And": truth(graph.And), "Or": truth(graph.Or), "Xor": truth(graph.Xor),
		"Not": func(a, b *graph.Node) *graph.Node { return graph.Not(graph.Mul(a, b)) },
	} {
		cases = append(cases, Case{
			Name: name, Args: []Arg{of(4, 9).with(digit), of(9).with(digit)}, Forward: Exact, Flat: true,
			Build: func(x []*graph.Node) *graph.Node { return f(x[0], x[1]) },
		})
	}
	return cases
}

var binaryGolden = map[string]GoldenFunc{
	"add": goldenOf2(graph.Add), "sub": goldenOf2(graph.Sub), "mul": goldenOf2(graph.Mul), "div": goldenOf2(graph.Div),
	"eq": goldenOf2(graph.Equal), "minimum": goldenOf2(graph.Minimum), "maximum": goldenOf2(graph.Maximum),
	"lt": goldenOf2(graph.Less), "le": goldenOf2(graph.LessEqual), "gt": goldenOf2(graph.Greater), "ge": goldenOf2(graph.GreaterEqual),
	"power": goldenOf2(graph.Power), "remainder": goldenOf2(graph.Mod), "fmod": goldenOf2(graph.FMod),
	"logical_and": goldenOf2(graph.And), "logical_or": goldenOf2(graph.Or), "logical_xor": goldenOf2(graph.Xor), "logical_not": goldenOf(graph.Not),
}

func binaryRounding(n *graph.Node) Rounding {
	switch n.Op().(graph.BinaryOp).Func {
	case graph.KindEqual, graph.KindMinimum, graph.KindMaximum, graph.KindLess, graph.KindLessEqual:
		return Rounding{None: true}
	}
	return Rounding{}
}
