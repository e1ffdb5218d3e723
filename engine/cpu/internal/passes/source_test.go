package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

// scaled multiplies an image by factors that depend on all its pixels.
func (g testGraph) scaled(x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Mul(x, graph.Sigmoid(graph.Reshape(graph.Mean(x, 2, 3), s[0], s[1], 1, 1)))
}

func TestSource(t *testing.T) {
	testPass(t, "source", []passCase{
		{"factors of an image", func(g testGraph) []*graph.Node {
			return list(g.conv(g.scaled(g.conv(g.image(), 16, 3, true)), 4, 1, true))
		}, `
			v11 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v11, v1, v2)
			v4 2×16 = Mean(v3)
			v5 2×16×1×1 = view(v4)
			v6 2×16×1×1 NHWC = Sigmoid(v5)
			v10 2×4×5×4 NHWC = Conv2D(v7, v8, v9), where v7 2×16×5×4 NHWC = Mul(v3, v6)
			v12 2×4×5×4 = Copy(v10)
			output 0 = v12`},
		{"factors of an expanded image", func(g testGraph) []*graph.Node {
			return list(g.conv(g.scaled(graph.HardSwish(g.depthwise(g.conv(g.image(), 16, 1, true)))), 4, 1, true))
		}, `
			v14 2×8×5×4 NHWC = Copy(v0)
			v6 2×16×5×4 NHWC = Conv2D(v3, v4), then HardSwish(v6), where v3 2×16×5×4 NHWC = Conv2D(v14, v1, v2)
			v7 2×16 = Mean(v6)
			v8 2×16×1×1 = view(v7)
			v9 2×16×1×1 NHWC = Sigmoid(v8)
			v13 2×4×5×4 NHWC = Conv2D(v10, v11, v12), where v10 2×16×5×4 NHWC = Mul(v6, v9)
			v15 2×4×5×4 = Copy(v13)
			output 0 = v15`},
		{"a 3×3 convolution", func(g testGraph) []*graph.Node {
			return list(g.conv(g.scaled(g.conv(g.image(), 16, 3, true)), 4, 3, true))
		}, `
			v11 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v11, v1, v2)
			v4 2×16 = Mean(v3)
			v5 2×16×1×1 = view(v4)
			v6 2×16×1×1 NHWC = Sigmoid(v5)
			v7 2×16×5×4 NHWC = Mul(v3, v6)
			v10 2×4×5×4 NHWC = Conv2D(v7, v8, v9)
			v12 2×4×5×4 = Copy(v10)
			output 0 = v12`},
		{"a product that is an output", func(g testGraph) []*graph.Node {
			y := g.scaled(g.conv(g.image(), 16, 3, true))
			return list(g.conv(y, 4, 1, true), y)
		}, `
			v11 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v11, v1, v2)
			v4 2×16 = Mean(v3)
			v5 2×16×1×1 = view(v4)
			v6 2×16×1×1 NHWC = Sigmoid(v5)
			v7 2×16×5×4 NHWC = Mul(v3, v6)
			v10 2×4×5×4 NHWC = Conv2D(v7, v8, v9)
			v12 2×4×5×4 = Copy(v10)
			v13 2×16×5×4 = Copy(v7)
			output 0 = v12
			output 1 = v13`},
		{"a product with two readers", func(g testGraph) []*graph.Node {
			y := g.scaled(g.conv(g.image(), 16, 3, true))
			return list(graph.Add(graph.Exp(g.conv(y, 16, 1, true)), y))
		}, `
			v13 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v13, v1, v2)
			v4 2×16 = Mean(v3)
			v5 2×16×1×1 = view(v4)
			v6 2×16×1×1 NHWC = Sigmoid(v5)
			v7 2×16×5×4 NHWC = Mul(v3, v6)
			v12 2×16×5×4 NHWC = Conv2D(v7, v8, v9), then Exp·Add(v12, v7)
			v14 2×16×5×4 = Copy(v12)
			output 0 = v14`},
		{"a program that assigns", func(g testGraph) []*graph.Node {
			v := g.variable(1)
			g.Assign(v, graph.Neg(v))
			return list(g.conv(g.scaled(g.conv(g.image(), 16, 3, true)), 4, 1, true))
		}, `
			v1 1 = Neg(v0)
			v13 2×8×5×4 NHWC = Copy(v2)
			v5 2×16×5×4 NHWC = Conv2D(v13, v3, v4)
			v6 2×16 = Mean(v5)
			v7 2×16×1×1 = view(v6)
			v8 2×16×1×1 NHWC = Sigmoid(v7)
			v9 2×16×5×4 NHWC = Mul(v5, v8)
			v12 2×4×5×4 NHWC = Conv2D(v9, v10, v11)
			v14 2×4×5×4 = Copy(v12)
			output 0 = v14
			w0 ← v1 (copied)`},
	})
}
