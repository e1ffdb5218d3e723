package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestFold(t *testing.T) {
	norm := func(g testGraph, x *graph.Node) *graph.Node {
		c := x.Shape()[1]
		return graph.BatchNormInference(x, g.variable(2, c), g.variable(c), g.variable(c), 1e-5)
	}
	testPass(t, "fold", []passCase{
		{"given statistics", func(g testGraph) []*graph.Node { return list(norm(g, g.conv(g.image(), 3, 1, false))) }, `
			v7 3×8×1×1, v8 3 = Fold(v1, v3, v4, v5)
			v6 2×3×5×4 = Conv2D(v0, v7, v8)
			output 0 = v6`},
		{"a bias", func(g testGraph) []*graph.Node { return list(norm(g, g.conv(g.image(), 3, 1, true))) }, `
			v8 3×8×1×1, v9 3 = Fold(v1, v4, v5, v6, v2)
			v7 2×3×5×4 = Conv2D(v0, v8, v9)
			output 0 = v7`},
		{"twice", func(g testGraph) []*graph.Node { return list(norm(g, norm(g, g.conv(g.image(), 3, 1, false)))) }, `
			v11 3×8×1×1, v12 3 = Fold(v1, v3, v4, v5)
			v13 3×8×1×1, v14 3 = Fold(v11, v7, v8, v9, v12)
			v10 2×3×5×4 = Conv2D(v0, v13, v14)
			output 0 = v10`},
		{"statistics of the batch", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 3, 1, false)
			return list(graph.BatchNorm(y, graph.BatchStats(y), g.variable(3), g.variable(3), 1e-5))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v3 2×3 = BatchStats(v2)
			v6 2×3×5×4 = BatchNorm(v2, v3, v4, v5)
			output 0 = v6`},
		{"given statistics, as in training", func(g testGraph) []*graph.Node {
			return list(graph.BatchNorm(g.conv(g.image(), 3, 1, false), g.variable(2, 3), g.variable(3), g.variable(3), 1e-5))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v6 2×3×5×4 = BatchNorm(v2, v3, v4, v5)
			output 0 = v6`},
		{"the convolution is read elsewhere", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 3, 1, false)
			return list(norm(g, y), graph.Tanh(y))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v6 2×3×5×4 = BatchNorm(v2, v3, v4, v5)
			v7 2×3×5×4 = Tanh(v2)
			output 0 = v6
			output 1 = v7`},
		{"the convolution is an output", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 3, 1, false)
			return list(norm(g, y), y)
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v6 2×3×5×4 = BatchNorm(v2, v3, v4, v5)
			output 0 = v6
			output 1 = v2`},
		{"weights that are an input", func(g testGraph) []*graph.Node {
			return list(norm(g, graph.Conv2D(g.image(), g.Input("w", 3, 8, 1, 1), nil, graph.Window{}, 1)))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v6 2×3×5×4 = BatchNorm(v2, v3, v4, v5)
			output 0 = v6`},
		{"weights that the program assigns", func(g testGraph) []*graph.Node {
			w := g.variable(3, 8, 1, 1)
			g.Assign(w, graph.Neg(w))
			return list(norm(g, graph.Conv2D(g.image(), w, nil, graph.Window{}, 1)))
		}, `
			v1 3×8×1×1 = Neg(v0)
			v3 2×3×5×4 = Conv2D(v2, v0)
			v7 2×3×5×4 = BatchNorm(v3, v4, v5, v6)
			output 0 = v7
			w0 ← v1 (copied)`},
		{"no convolution", func(g testGraph) []*graph.Node { return list(norm(g, g.image())) }, `
			v4 2×8×5×4 = BatchNorm(v0, v1, v2, v3)
			output 0 = v4`},
	})
}
