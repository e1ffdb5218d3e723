package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestLayout(t *testing.T) { testPass(t, "layout", layoutCases) }

var layoutCases = []passCase{
	{"images between convolutions stay in NHWC", func(g testGraph) []*graph.Node {
		return list(g.conv(graph.Tanh(g.conv(g.image(), 3, 3, false)), 4, 1, false))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v6, v1)
		v3 2×3×5×4 NHWC = Tanh(v2)
		v5 2×4×5×4 NHWC = Conv2D(v3, v4)
		v7 2×4×5×4 = Copy(v5)
		output 0 = v7`},
	{"one conversion for two readers", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Div(g.conv(x, 3, 3, false), g.conv(x, 3, 1, false)))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v6, v1)
		v4 2×3×5×4 NHWC = Conv2D(v6, v3)
		v5 2×3×5×4 NHWC = Div(v2, v4)
		v7 2×3×5×4 = Copy(v5)
		output 0 = v7`},
	{"transposes between N×C×H×W and N×H×W×C", func(g testGraph) []*graph.Node {
		y := graph.Transpose(g.conv(g.image(), 8, 1, false), 0, 2, 3, 1)
		return list(g.conv(graph.Transpose(graph.Softmax(y, 3), 0, 3, 1, 2), 8, 1, false))
	}, `
		v8 2×8×5×4 NHWC = Copy(v0)
		v2 2×8×5×4 NHWC = Conv2D(v8, v1)
		v3 2×5×4×8 = transposed view(v2)
		v4 2×5×4×8 = Softmax(v3)
		v5 2×8×5×4 NHWC = transposed view(v4)
		v7 2×8×5×4 NHWC = Conv2D(v5, v6)
		v9 2×8×5×4 = Copy(v7)
		output 0 = v9`},
	{"a factor for each channel of each image", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 8, 1, false)
		return list(graph.Sum(graph.Mul(y, graph.MeanKeep(y, 2, 3))))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×8×5×4 NHWC = Conv2D(v6, v1)
		v3 2×8×1×1 = Mean(v2)
		v4 2×8×5×4 NHWC = Mul(v2, v3)
		v5 scalar = Sum(v4)
		output 0 = v5`},
	{"an elementwise operation takes the layout of an argument", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Sum(graph.Mul(g.conv(x, 8, 1, false), x)))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×8×5×4 NHWC = Conv2D(v5, v1)
		v3 2×8×5×4 NHWC = Mul(v2, v5)
		v4 scalar = Sum(v3)
		output 0 = v4`},
	{"a vector over the channels is as it is, one over the columns is written out", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 3, 1, false)
		return list(graph.Sum(graph.Mul(graph.Mul(y, g.Input("a", 3, 1, 1)), g.Input("b", 4))))
	}, `
		v8 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v8, v1)
		v9 2×3×5×4 NHWC = Expand(v5)
		v6 2×3×5×4 NHWC = Mul·Mul(v2, v3, v9)
		v7 scalar = Sum(v6)
		output 0 = v7`},
	{"channels are joined", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Concat(1, g.conv(x, 3, 1, false), g.conv(x, 4, 1, false)))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v6, v1)
		v4 2×4×5×4 NHWC = Conv2D(v6, v3)
		v5 2×7×5×4 NHWC = Join(v2, v4)
		v7 2×7×5×4 = Copy(v5)
		output 0 = v7`},
	{"rows are not", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Concat(2, g.conv(x, 3, 1, false), g.conv(x, 3, 1, false)))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v6, v1)
		v4 2×3×5×4 NHWC = Conv2D(v6, v3)
		v5 2×3×10×4 NHWC = Concat(v2, v4)
		v7 2×3×10×4 = Copy(v5)
		output 0 = v7`},
	{"channels of inputs are not", func(g testGraph) []*graph.Node {
		return list(graph.Concat(1, g.image(), g.image()))
	}, `
		v2 2×16×5×4 = Concat(v0, v1)
		output 0 = v2`},
	{"a slice of the channels is a view", func(g testGraph) []*graph.Node {
		return list(graph.Slice(g.conv(g.image(), 5, 1, false), 1, 2, 4))
	}, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v2 2×5×5×4 NHWC = Conv2D(v4, v1)
		v3 2×2×5×4 NHWC = view from channel 2(v2)
		v5 2×2×5×4 = Copy(v3)
		output 0 = v5`},
	{"a slice of the rows is not", func(g testGraph) []*graph.Node {
		return list(graph.Slice(g.conv(g.image(), 5, 1, false), 2, 2, 4))
	}, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v2 2×5×5×4 NHWC = Conv2D(v4, v1)
		v3 2×5×2×4 NHWC = Slice(v2)
		v5 2×5×2×4 = Copy(v3)
		output 0 = v5`},
	{"nor is one of an input's channels", func(g testGraph) []*graph.Node {
		return list(graph.Slice(g.image(), 1, 2, 4))
	}, `
		v1 2×2×5×4 = Slice(v0)
		output 0 = v1`},
	{"one pixel is in both layouts", func(g testGraph) []*graph.Node {
		return list(g.conv(g.Input("x", 2, 8, 1, 1), 3, 1, false))
	}, `
		v2 2×3×1×1 NHWC = Conv2D(v0, v1)
		output 0 = v2`},
	{"a product of two transposed matrices", func(g testGraph) []*graph.Node {
		return list(graph.MatMulT(g.Input("a", 3, 5), g.variable(4, 3), true, true))
	}, `
		v3 5×3 = Transpose(v0)
		v2 5×4 = MatMul(v3, v1)
		output 0 = v2`},
}
