package cases

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

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
	{"LeakyReLU 0.01", with(graph.LeakyReLU, 0.01), Pointwise, nil},
	{"LeakyReLU −0.3", with(graph.LeakyReLU, -0.3), Pointwise, nil},
	{"ELU 1", with(graph.ELU, 1), Pointwise, nil},
	{"ELU 0.3", with(graph.ELU, 0.3), Pointwise, nil},
	{"Softplus 1 20", with2(graph.Softplus, 1, 20), Pointwise, nil},
	{"Softplus 2.5 3", with2(graph.Softplus, 2.5, 3), Pointwise, nil},
	{"SiLU", graph.SiLU, Pointwise, nil},
	{"HardSigmoid", graph.HardSigmoid, Pointwise, around3},
	{"HardSwish", graph.HardSwish, Pointwise, around3},
	{"GELU", graph.GELU, Pointwise, nil},
	{"GELUTanh", graph.GELUTanh, Pointwise, nil},
	{"Erf", graph.Erf, Pointwise, nil},
	{"Abs", graph.Abs, Exact, nil},
	{"Pow 2", with(graph.Pow, 2), Pointwise, nil},
	{"Pow 3", with(graph.Pow, 3), Pointwise, nil},
	{"Pow −1", with(graph.Pow, -1), Pointwise, positive},
	{"Pow 0.5", with(graph.Pow, 0.5), Pointwise, positive},
	{"Pow −0.75", with(graph.Pow, -0.75), Pointwise, positive},
	{"Pow 2.5", with(graph.Pow, 2.5), Pointwise, positive},
	{"Pow 1", with(graph.Pow, 1), Exact, nil},
	{"Pow 0", with(graph.Pow, 0), Exact, nil},
	{"Clip −0.5 0.75", with2(graph.Clip, -0.5, 0.75), Exact, nil},
	{"Clip −Inf 0.25", with2(graph.Clip, float32(math.Inf(-1)), 0.25), Exact, nil},
	{"Clip 0 Inf", with2(graph.Clip, 0, float32(math.Inf(1))), Exact, nil},
	{"Floor", graph.Floor, Exact, nil},
	{"Ceil", graph.Ceil, Exact, nil},
	{"Round", graph.Round, Exact, nil},
	{"Sign", graph.Sign, Exact, nil},
	{"Sin", graph.Sin, Pointwise, nil},
	{"Cos", graph.Cos, Pointwise, nil},
}

// with gives a function its parameter.
func with(f func(x *graph.Node, a float32) *graph.Node, a float32) func(*graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node { return f(x, a) }
}

// with2 gives a function its two parameters.
func with2(f func(x *graph.Node, a, b float32) *graph.Node, a, b float32) func(*graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node { return f(x, a, b) }
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
		if u.name != "Log" && u.name != "Sqrt" && !strings.HasPrefix(u.name, "Pow") {
			add(u.name+" large", u.f, u.tol, of(501).with(large))
		}
	}
	wide := func(r *rand.Rand) float32 { return float32(math.Exp(160*r.Float64() - 80)) }
	add("Log wide", graph.Log, Pointwise, of(501).with(wide))
	add("Sqrt wide", graph.Sqrt, Pointwise, of(501).with(wide))
	tens := func(r *rand.Rand) float32 { return 0.1 + 10*r.Float32() }
	for _, exponent := range []float32{-2, -0.75, -0.5, 0.5, 0.75, 1.5, 2.5, 4, 7} {
		add(fmt.Sprintf("Pow %v tens", exponent), with(graph.Pow, exponent), Pointwise, of(501).with(tens))
	}
	// Whole powers of negative numbers, others of which are NaN.
	for _, exponent := range []float32{-3, 2, 3, 5, 1.5} {
		add(fmt.Sprintf("Pow %v negative", exponent), with(graph.Pow, exponent), Pointwise, of(101).with(func(r *rand.Rand) float32 { return -tens(r) }))
	}
	for _, u := range unaryFuncs {
		switch u.name {
		case "Floor", "Ceil", "Round", "Sign":
			add(u.name+" of halves", u.f, Exact, of(101).with(halves))
			cases[len(cases)-1].Flat = true
		}
	}
	// A chain, which engines fuse.
	add("Chain", func(x *graph.Node) *graph.Node {
		return graph.Tanh(graph.Neg(graph.ReLU(graph.Exp(graph.Sigmoid(x)))))
	}, Measured, of(3, 37))
	return cases
}

var unaryGolden = map[string]GoldenFunc{
	"neg": goldenOf(graph.Neg), "exp": goldenOf(graph.Exp), "log": goldenOf(graph.Log), "sqrt": goldenOf(graph.Sqrt),
	"relu": goldenOf(graph.ReLU), "relu6": goldenOf(graph.ReLU6), "sigmoid": goldenOf(graph.Sigmoid), "tanh": goldenOf(graph.Tanh),
	"silu": goldenOf(graph.SiLU), "hardsigmoid": goldenOf(graph.HardSigmoid), "hardswish": goldenOf(graph.HardSwish),
	"gelu": goldenOf(graph.GELU), "gelu_tanh": goldenOf(graph.GELUTanh), "erf": goldenOf(graph.Erf), "abs": goldenOf(graph.Abs),
	"leaky_relu": goldenWith(graph.LeakyReLU), "elu": goldenWith(graph.ELU), "pow": goldenWith(graph.Pow),
	"softplus": goldenWith2(graph.Softplus), "clamp": goldenWith2(graph.Clip),
	"floor": goldenOf(graph.Floor), "ceil": goldenOf(graph.Ceil), "round": goldenOf(graph.Round), "sign": goldenOf(graph.Sign),
	"sin": goldenOf(graph.Sin), "cos": goldenOf(graph.Cos),
}

// goldenWith makes a GoldenFunc of a function with one parameter.
func goldenWith(f func(x *graph.Node, a float32) *graph.Node) GoldenFunc {
	return func(c Golden, x map[string]*graph.Node) *graph.Node { return f(x["x"], c.A) }
}

// goldenWith2 makes a GoldenFunc of a function with two parameters.
func goldenWith2(f func(x *graph.Node, a, b float32) *graph.Node) GoldenFunc {
	return func(c Golden, x map[string]*graph.Node) *graph.Node { return f(x["x"], c.A, c.B) }
}

func unaryRounding(n *graph.Node) Rounding {
	var f graph.UnaryKind
	switch op := n.Op().(type) {
	case graph.UnaryOp:
		f = op.Func
	case graph.UnaryGradOp:
		f = op.Func
	}
	switch f {
	case graph.KindNeg, graph.KindReLU, graph.KindReLU6, graph.KindAbs, graph.KindClip,
		graph.KindFloor, graph.KindCeil, graph.KindRound, graph.KindSign:
		return Rounding{None: true}
	}
	return Rounding{}
}
