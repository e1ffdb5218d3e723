package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestStack(t *testing.T) {
	stacked := func(x *graph.Node, n int) *graph.Node {
		s := x.Shape()
		return graph.Reshape(x, s[0], n, s[1]/n, s[2], s[3])
	}
	testPass(t, "stack", []passCase{
		{"a sum of groups of channels", func(g testGraph) []*graph.Node { return list(graph.Sum(stacked(g.image(), 4), 1)) }, `
			v3 2×2×5×4 = Slice(v0)
			v4 2×2×5×4 = Slice(v0)
			v5 2×2×5×4 = Slice(v0)
			v6 2×2×5×4 = Slice(v0)
			v7 2×2×5×4 = Add(v3, v4)
			v8 2×2×5×4 = Add(v7, v5)
			v2 2×2×5×4 = Add(v8, v6)
			output 0 = v2`},
		{"weighted images", func(g testGraph) []*graph.Node {
			x := graph.Concat(1, stacked(g.image(), 1), stacked(g.Input("y", 2, 8, 5, 4), 1))
			return list(graph.Sum(graph.Mul(x, graph.Softmax(g.Input("a", 2, 2, 8, 1, 1), 1)), 1))
		}, `
			v6 2×2×8×1×1 = Softmax(v5)
			v9 2×16×1×1 = Reshape(v6)
			v10 2×8×1×1 = Slice(v9)
			v11 2×8×1×1 = Slice(v9)
			v12 2×8×5×4 = Mul(v0, v10)
			v13 2×8×5×4 = Mul(v2, v11)
			v8 2×8×5×4 = Add(v12, v13)
			output 0 = v8`},
		{"an axis that is taken away by a reshape", func(g testGraph) []*graph.Node {
			return list(graph.Reshape(graph.SumKeep(stacked(g.image(), 2), 1), 2, 4, 5, 4))
		}, `
			v4 2×4×5×4 = Slice(v0)
			v5 2×4×5×4 = Slice(v0)
			v3 2×4×5×4 = Add(v4, v5)
			output 0 = v3`},
		{"axes that stay", func(g testGraph) []*graph.Node { return list(graph.SumKeep(stacked(g.image(), 4), 1)) }, `
			v1 2×4×2×5×4 = Reshape(v0)
			v2 2×1×2×5×4 = Sum(v1)
			output 0 = v2`},
		{"a stack that is an input", func(g testGraph) []*graph.Node { return list(graph.Sum(g.Input("x", 2, 4, 2, 5, 4), 1)) }, `
			v1 2×2×5×4 = Sum(v0)
			output 0 = v1`},
		{"a factor for each pixel", func(g testGraph) []*graph.Node {
			return list(graph.Sum(graph.Mul(stacked(g.image(), 2), g.Input("a", 2, 1, 1, 5, 4)), 1))
		}, `
			v1 2×2×4×5×4 = Reshape(v0)
			v3 2×2×4×5×4 = Mul(v1, v2)
			v4 2×4×5×4 = Sum(v3)
			output 0 = v4`},
		{"a training step", func(g testGraph) []*graph.Node {
			w := g.variable(2, 2, 5, 4)
			y := graph.Sum(stacked(g.image(), 4), 1)
			g.Assign(w, y)
			return list(y)
		}, `
			v2 2×4×2×5×4 = Reshape(v1)
			v3 2×2×5×4 = Sum(v2)
			output 0 = v3
			w0 ← v3 (copied)`},
	})
}
