package cases

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

var unaryFuncs = []struct {
	name string
	f    func(*graph.Node) *graph.Node
	tol  Tolerance
	fill func(*rand.Rand) float32
}{
	{"Neg", graph.Neg, Exact, nil},
	{"Exp", graph.Exp, Pointwise, nil},
	{"Log", graph.Log, Pointwise, positive},
	{"Sqrt", graph.Sqrt, Pointwise, positive},
	{"ReLU", graph.ReLU, Exact, nil},
	{"ReLU6", graph.ReLU6, Exact, around6},
	{"Sigmoid", graph.Sigmoid, Pointwise, nil},
	{"Tanh", graph.Tanh, Pointwise, nil},
}

func unaryCases() []Case {
	var cases []Case
	add := func(name string, f func(*graph.Node) *graph.Node, tol Tolerance, x Arg) {
		cases = append(cases, Case{
			Name:    fmt.Sprintf("%s %v", name, x.shape),
			Args:    []Arg{x},
			Build:   func(x []*graph.Node) *graph.Node { return f(x[0]) },
			Forward: tol, Backward: Measured,
		})
	}
	for _, u := range unaryFuncs {
		// Sizes around the width of vector registers, and all ranks.
		for _, shape := range []tensor.Shape{{}, {1}, {7}, {8}, {33}, {3, 5}, {2, 3, 7}, {2, 3, 5, 5}, {1, 8, 4, 4}, {2, 17, 3, 3}, {1000}} {
			add(u.name, u.f, u.tol, Arg{shape: shape, fill: u.fill})
		}
	}
	for _, u := range unaryFuncs[1:] {
		if u.name != "Log" && u.name != "Sqrt" {
			add(u.name+" large", u.f, u.tol, of(501).with(large))
		}
	}
	wide := func(r *rand.Rand) float32 { return float32(math.Exp(160*r.Float64() - 80)) }
	add("Log wide", graph.Log, Pointwise, of(501).with(wide))
	add("Sqrt wide", graph.Sqrt, Pointwise, of(501).with(wide))
	// A chain, which engines fuse.
	add("Chain", func(x *graph.Node) *graph.Node {
		return graph.Tanh(graph.Neg(graph.ReLU(graph.Exp(graph.Sigmoid(x)))))
	}, Measured, of(3, 37))
	return cases
}

var unaryGolden = map[string]GoldenFunc{
	"neg": goldenOf(graph.Neg), "exp": goldenOf(graph.Exp), "log": goldenOf(graph.Log), "sqrt": goldenOf(graph.Sqrt),
	"relu": goldenOf(graph.ReLU), "relu6": goldenOf(graph.ReLU6), "sigmoid": goldenOf(graph.Sigmoid), "tanh": goldenOf(graph.Tanh),
}

func unaryRounding(n *graph.Node) Rounding {
	var f graph.UnaryKind
	switch op := n.Op().(type) {
	case graph.UnaryOp:
		f = op.Func
	case graph.UnaryGradOp:
		f = op.Func
	}
	return Rounding{None: f == graph.KindNeg || f == graph.KindReLU || f == graph.KindReLU6}
}
