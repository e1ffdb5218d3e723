package passes

import (
	"math"
	"testing"

	"github.com/strideml/stride/graph"
)

func TestActivation(t *testing.T) {
	number := func(x *graph.Node, v float64) *graph.Node { return x.Graph().Scalar(float32(v)) }
	// gate is 1 + erf(x/√2).
	gate := func(x *graph.Node) *graph.Node {
		return graph.Add(graph.Erf(graph.Div(x, number(x, math.Sqrt2))), number(x, 1))
	}
	testPass(t, "activation", []passCase{
		{"SiLU", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(x, graph.Sigmoid(x)))
		}, `
			v2 4 = SiLU(v0)
			output 0 = v2`},
		{"HardSwish, the factors exchanged", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(graph.HardSigmoid(x), x))
		}, `
			v2 4 = HardSwish(v0)
			output 0 = v2`},
		{"GELU as PyTorch exports it", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(graph.Mul(x, gate(x)), number(x, 0.5)))
		}, `
			v8 4 = GELU(v0)
			output 0 = v8`},
		{"GELU with half of x, and a product for the quotient", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(graph.Mul(number(x, 0.5), x), graph.Add(number(x, 1), graph.Erf(graph.Mul(number(x, math.Sqrt2/2), x)))))
		}, `
			v8 4 = GELU(v0)
			output 0 = v8`},
		{"GELU's gate with another factor", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(graph.Mul(x, gate(x)), number(x, 2)))
		}, `
			v2 4 = Div(v0, v1)
			v3 4 = Erf(v2)
			v5 4 = Add(v3, v4)
			v6 4 = Mul(v0, v5)
			v8 4 = Mul(v6, v7)
			output 0 = v8`},
		{"another reader of the sigmoid", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			s := graph.Sigmoid(x)
			return list(graph.Mul(x, s), graph.Neg(s))
		}, `
			v1 4 = Sigmoid(v0)
			v2 4 = Mul(v0, v1)
			v3 4 = Neg(v1)
			output 0 = v2
			output 1 = v3`},
		{"the sigmoid of something else", func(g testGraph) []*graph.Node {
			return list(graph.Mul(g.Input("x", 4), graph.Sigmoid(g.Input("y", 4))))
		}, `
			v2 4 = Sigmoid(v1)
			v3 4 = Mul(v0, v2)
			output 0 = v3`},
		{"three factors", func(g testGraph) []*graph.Node {
			x := g.Input("x", 4)
			return list(graph.Mul(graph.Mul(x, g.Input("y", 4)), graph.Sigmoid(x)))
		}, `
			v2 4 = Mul(v0, v1)
			v3 4 = Sigmoid(v0)
			v4 4 = Mul(v2, v3)
			output 0 = v4`},
		{"a training step", func(g testGraph) []*graph.Node {
			w := g.variable(4)
			x := g.Input("x", 4)
			g.Assign(w, x)
			return list(graph.Mul(x, graph.Sigmoid(x)))
		}, `
			v2 4 = Sigmoid(v1)
			v3 4 = Mul(v1, v2)
			output 0 = v3
			w0 ← v1 (copied)`},
	})
}
