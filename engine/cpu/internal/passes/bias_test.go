package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestBias(t *testing.T) {
	product := func(g testGraph) *graph.Node { return graph.MatMul(g.Input("x", 5, 3), g.variable(3, 4)) }
	testPass(t, "bias", []passCase{
		{"a vector", func(g testGraph) []*graph.Node { return list(graph.Add(product(g), g.variable(4))) }, `
			v4 5×4 = MatMul(v0, v1, v3)
			output 0 = v4`},
		{"the vector first", func(g testGraph) []*graph.Node { return list(graph.Add(g.variable(4), product(g))) }, `
			v4 5×4 = MatMul(v1, v2, v0)
			output 0 = v4`},
		{"added twice, as where it is computed again", func(g testGraph) []*graph.Node {
			m, b := product(g), g.variable(4)
			return list(graph.Add(m, b), graph.Tanh(graph.Add(b, m)))
		}, `
			v4 5×4 = MatMul(v0, v1, v3)
			v5 5×4 = view(v4)
			v6 5×4 = Tanh(v5)
			output 0 = v4
			output 1 = v6`},
		{"two vectors", func(g testGraph) []*graph.Node {
			m := product(g)
			return list(graph.Add(m, g.variable(4)), graph.Add(m, g.variable(4)))
		}, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			v6 5×4 = Add(v2, v5)
			output 0 = v4
			output 1 = v6`},
		{"the product is an output", func(g testGraph) []*graph.Node {
			m := product(g)
			return list(graph.Add(m, g.variable(4)), m)
		}, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			output 0 = v4
			output 1 = v2`},
		{"the product is read elsewhere", func(g testGraph) []*graph.Node {
			m := product(g)
			return list(graph.Add(m, g.variable(4)), graph.Exp(m))
		}, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			v5 5×4 = Exp(v2)
			output 0 = v4
			output 1 = v5`},
		{"a matrix", func(g testGraph) []*graph.Node { return list(graph.Add(product(g), g.variable(5, 4))) }, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			output 0 = v4`},
		{"a scalar", func(g testGraph) []*graph.Node { return list(graph.Add(product(g), g.Scalar(2))) }, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			output 0 = v4`},
		{"another operator", func(g testGraph) []*graph.Node { return list(graph.Mul(product(g), g.variable(4))) }, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Mul(v2, v3)
			output 0 = v4`},
		{"a transposed product", func(g testGraph) []*graph.Node {
			m := graph.MatMulT(g.Input("x", 3, 5), g.variable(3, 4), true, false)
			return list(graph.Add(m, g.variable(4)))
		}, `
			v2 5×4 = MatMul(v0, v1)
			v4 5×4 = Add(v2, v3)
			output 0 = v4`},
	})
}
