package passes

import (
	"slices"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func TestHoist(t *testing.T) {
	testPass(t, "hoist", []passCase{
		{"of variables alone, and what that is used for", func(g testGraph) []*graph.Node {
			return list(graph.Mul(g.Input("x", 1, 7), graph.Concat(0, g.variable(3), g.variable(4))))
		}, `
			v3 7 = Concat(v1, v2), kept while its variables stay as they are
			v4 1×7 = Mul(v0, v3)
			output 0 = v4`},
		{"a chain", func(g testGraph) []*graph.Node {
			return list(graph.MatMul(g.Input("x", 2, 3), graph.Transpose(graph.MatMul(g.variable(3, 3), g.variable(3, 3)), 1, 0)))
		}, `
			v3 3×3 = MatMul(v1, v2), kept while its variables stay as they are
			v4 3×3 = Transpose(v3), kept while its variables stay as they are
			v5 2×3 = MatMul(v0, v4)
			output 0 = v5`},
		{"a variable that the program assigns", func(g testGraph) []*graph.Node {
			a := g.variable(3)
			g.Assign(a, graph.Add(a, a))
			return list(graph.Mul(g.Input("x", 1, 7), graph.Concat(0, a, g.variable(4))))
		}, `
			v4 7 = Concat(v0, v3)
			v1 3 = Add(v0)
			v5 1×7 = Mul(v2, v4)
			output 0 = v5
			w0 ← v1 (in place)`},
		{"an output", func(g testGraph) []*graph.Node {
			return list(graph.Reshape(graph.Exp(g.variable(4)), 2, 2))
		}, `
			v1 4 = Exp(v0)
			v2 2×2 in v1+0 = view(v1)
			output 0 = v2`},
		{"a folded normalization", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 3, 1, false)
			return list(graph.BatchNormInference(y, graph.Concat(0, g.variable(1, 3), g.variable(1, 3)), g.variable(3), g.variable(3), 1e-5))
		}, `
			v5 2×3 = Concat(v3, v4), kept while its variables stay as they are
			v9 3×8×1×1, v10 3 = Fold(v1, v5, v6, v7), kept while its variables stay as they are
			v11 2×8×5×4 NHWC = Copy(v0)
			v8 2×3×5×4 NHWC = Conv2D(v11, v9, v10)
			v12 2×3×5×4 = Copy(v8)
			output 0 = v12`},
	})
}

// An operation names the variables on which it depends, each once.
func TestHoistNamesVariables(t *testing.T) {
	g := testGraph{graph.New()}
	a, b := &graph.Variable{Name: "a", Value: tensor.New(3)}, &graph.Variable{Name: "b", Value: tensor.New(3)}
	y := graph.Concat(0, g.Variable(a), g.Variable(b), g.Variable(a))
	f := through(t, "hoist", g.Graph, graph.Mul(g.Input("x", 9), y))
	for _, o := range f.Ops {
		if o.Node == y && !slices.Equal(o.Once, []*graph.Variable{a, b}) {
			t.Errorf("%v depends on %v", o.Node, o.Once)
		}
	}
}
