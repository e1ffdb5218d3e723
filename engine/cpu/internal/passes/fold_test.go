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
			v8 3×8×1×1, v9 3 = Fold(v1, v2, v4, v5, v6)
			v7 2×3×5×4 = Conv2D(v0, v8, v9)
			output 0 = v7`},
		{"twice", func(g testGraph) []*graph.Node { return list(norm(g, norm(g, g.conv(g.image(), 3, 1, false)))) }, `
			v11 3×8×1×1, v12 3 = Fold(v1, v3, v4, v5, v7, v8, v9)
			v10 2×3×5×4 = Conv2D(v0, v11, v12)
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

// TestFoldLinear has what is one convolution but for the batch normalizations of
// TestFold.
func TestFoldLinear(t *testing.T) {
	norm := func(g testGraph, x *graph.Node) *graph.Node {
		c := x.Shape()[1]
		return graph.BatchNormInference(x, g.variable(2, c), g.variable(c), g.variable(c), 1e-5)
	}
	testPass(t, "fold", []passCase{
		{"factors and summands of channels", func(g testGraph) []*graph.Node {
			y := graph.Mul(g.variable(3, 1, 1), g.conv(g.image(), 3, 1, false))
			return list(graph.Div(graph.Sub(y, g.variable(1, 3, 1, 1)), g.Scalar(4)))
		}, `
			v9 3×8×1×1, v10 3 = Fold(v2, v0, v5, v7)
			v8 2×3×5×4 = Conv2D(v1, v9, v10)
			output 0 = v8`},
		{"a factor for each pixel", func(g testGraph) []*graph.Node {
			return list(graph.Mul(g.conv(g.image(), 3, 1, false), g.variable(5, 4)))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v4 2×3×5×4 = Mul(v2, v3)
			output 0 = v4`},
		{"a quotient with the convolution below", func(g testGraph) []*graph.Node {
			return list(graph.Div(g.variable(3, 1, 1), g.conv(g.image(), 3, 1, false)))
		}, `
			v3 2×3×5×4 = Conv2D(v1, v2)
			v4 2×3×5×4 = Div(v0, v3)
			output 0 = v4`},
		{"the branches of RepVGG", func(g testGraph) []*graph.Node {
			x := g.image()
			y := graph.Add(norm(g, g.conv(x, 8, 3, false)), norm(g, g.conv(x, 8, 1, false)))
			return list(graph.ReLU(graph.Add(norm(g, x), y)))
		}, `
			v20 8×8×3×3, v21 8 = Fold(v14, v15, v16, v1, v3, v4, v5, v7, v9, v10, v11)
			v18 2×8×5×4 = Conv2D(v0, v20, v21)
			v19 2×8×5×4 = ReLU(v18)
			output 0 = v19`},
		{"the difference to the image", func(g testGraph) []*graph.Node {
			x := g.image()
			return list(graph.Sub(x, g.conv(x, 8, 3, true)))
		}, `
			v5 8×8×3×3, v6 8 = Fold(v1, v2)
			v4 2×8×5×4 = Conv2D(v0, v5, v6)
			output 0 = v4`},
		{"two images", func(g testGraph) []*graph.Node {
			return list(graph.Add(g.conv(g.image(), 3, 1, false), g.conv(g.Input("y", 2, 8, 5, 4), 3, 1, false)))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v5 2×3×5×4 = Conv2D(v3, v4)
			v6 2×3×5×4 = Add(v2, v5)
			output 0 = v6`},
		{"kernels that do not lie in one another", func(g testGraph) []*graph.Node {
			x := g.image()
			long := graph.Conv2D(x, g.variable(3, 8, 1, 3), nil, graph.Window{Pad: [2]int{0, 1}}, 1)
			high := graph.Conv2D(x, g.variable(3, 8, 3, 1), nil, graph.Window{Pad: [2]int{1, 0}}, 1)
			return list(graph.Add(long, high))
		}, `
			v2 2×3×5×4 = Conv2D(v0, v1)
			v4 2×3×5×4 = Conv2D(v0, v3)
			v5 2×3×5×4 = Add(v2, v4)
			output 0 = v5`},
		{"other groups", func(g testGraph) []*graph.Node {
			x := g.image()
			return list(graph.Add(g.conv(x, 8, 1, false), graph.Conv2D(x, g.variable(8, 4, 1, 1), nil, graph.Window{}, 2)))
		}, `
			v2 2×8×5×4 = Conv2D(v0, v1)
			v4 2×8×5×4 = Conv2D(v0, v3)
			v5 2×8×5×4 = Add(v2, v4)
			output 0 = v5`},
		{"a dilation of which the kernel is no part", func(g testGraph) []*graph.Node {
			x := g.image()
			wide := graph.Conv2D(x, g.variable(8, 8, 3, 3), nil, graph.Window{Pad: [2]int{2, 2}, Dilation: [2]int{2, 2}}, 1)
			return list(graph.Add(wide, g.conv(x, 8, 3, false)))
		}, `
			v2 2×8×5×4 = Conv2D(v0, v1)
			v4 2×8×5×4 = Conv2D(v0, v3)
			v5 2×8×5×4 = Add(v2, v4)
			output 0 = v5`},
		{"a normalization without a convolution", func(g testGraph) []*graph.Node {
			x := g.image()
			return list(graph.Add(x, norm(g, x)))
		}, `
			v4 2×8×5×4 = BatchNorm(v0, v1, v2, v3)
			v5 2×8×5×4 = Add(v0, v4)
			output 0 = v5`},
	})
}
