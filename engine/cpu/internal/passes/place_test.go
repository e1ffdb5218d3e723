package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestPlace(t *testing.T) { testPass(t, "place", placeCases) }

var placeCases = []passCase{
	{"parts of a concatenation", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Concat(1, g.conv(x, 3, 1, false), graph.ReLU(g.conv(x, 4, 3, false))))
	}, `
		v7 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC in v6+0/7 = Conv2D(v7, v1)
		v5 2×4×5×4 NHWC in v6+3/7 = Conv2D(v7, v3), then ReLU
		v6 2×7×5×4 NHWC = Join(v2, v5)
		v8 2×7×5×4 = Copy(v6)
		output 0 = v8`},
	{"a concatenation of a concatenation", func(g testGraph) []*graph.Node {
		x := g.image()
		y := graph.Concat(1, g.conv(x, 3, 1, false), g.conv(x, 4, 3, false))
		return list(graph.Concat(1, y, g.conv(y, 2, 1, false)))
	}, `
		v9 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC in v8+0/9 = Conv2D(v9, v1)
		v4 2×4×5×4 NHWC in v8+3/9 = Conv2D(v9, v3)
		v5 2×7×5×4 NHWC in v8+0/9 = Join(v2, v4)
		v7 2×2×5×4 NHWC in v8+7/9 = Conv2D(v5, v6)
		v8 2×9×5×4 NHWC = Join(v5, v7)
		v10 2×9×5×4 = Copy(v8)
		output 0 = v10`},
	{"one by lists", func(g testGraph) []*graph.Node {
		x := g.image()
		a, b := g.conv(x, 3, 1, false), g.conv(x, 4, 3, false)
		y := graph.Concat(1, a, b)
		return list(graph.Concat(1, a, b, g.conv(y, 2, 1, false)))
	}, `
		v9 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC in v8+0/9 = Conv2D(v9, v1)
		v4 2×4×5×4 NHWC in v8+3/9 = Conv2D(v9, v3)
		v5 2×7×5×4 NHWC in v8+0/9 = Join(v2, v4)
		v7 2×2×5×4 NHWC in v8+7/9 = Conv2D(v5, v6)
		v8 2×9×5×4 NHWC = Join(v2, v4, v7)
		v10 2×9×5×4 = Copy(v8)
		output 0 = v10`},
	{"a part twice", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 3, 1, false)
		return list(graph.Concat(1, y, y))
	}, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC in v3+0/6 = Conv2D(v4, v1)
		v6 2×3×5×4 NHWC in v3+3/6 = Copy(v2)
		v3 2×6×5×4 NHWC = Join(v2, v6)
		v5 2×6×5×4 = Copy(v3)
		output 0 = v5`},
	{"an input", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Concat(1, x, g.conv(x, 3, 1, false)))
	}, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v6 2×8×5×4 NHWC in v3+0/11 = Copy(v4)
		v2 2×3×5×4 NHWC in v3+8/11 = Conv2D(v4, v1)
		v3 2×11×5×4 NHWC = Join(v6, v2)
		v5 2×11×5×4 = Copy(v3)
		output 0 = v5`},
	{"an argument of elementwise work that is done in place", func(g testGraph) []*graph.Node {
		x := g.image()
		a := g.conv(x, 8, 3, false)
		pooled := graph.AvgPool2D(x, [2]int{1, 1}, graph.Window{}, false, true)
		return list(graph.Concat(1, graph.Mul(graph.Tanh(a), pooled), pooled))
	}, `
		v7 2×8×5×4 NHWC = Copy(v0)
		v2 2×8×5×4 NHWC in v6+0/16 = Conv2D(v7, v1)
		v3 2×8×5×4 NHWC in v6+8/16 = AvgPool2D(v7)
		v5 2×8×5×4 NHWC in v6+0/16 = Tanh·Mul(v2, v3)
		v6 2×16×5×4 NHWC = Join(v5, v3)
		v8 2×16×5×4 = Copy(v6)
		output 0 = v8`},
	{"an argument that the sums of that read too", func(g testGraph) []*graph.Node {
		x, gamma := g.image(), g.variable(4)
		y := g.conv(x, 4, 3, false)
		z := graph.BatchNormInference(y, g.variable(2, 4), gamma, g.variable(4), 1e-5)
		grads := graph.Gradients(graph.Sum(graph.Mul(z, graph.Mul(graph.Tanh(y), g.Input("d", 2, 4, 5, 4)))), z, gamma)
		return list(graph.Concat(1, grads[0], g.conv(x, 3, 1, false)), grads[1])
	}, `
		v8 1×1×1×1 in v7+0 = view(v7)
		v17 2×8×5×4 NHWC = Copy(v0)
		v2 2×4×5×4 NHWC = Conv2D(v17, v1)
		v9 2×4×5×4 = BroadcastTo(v8)
		v18 2×4×5×4 NHWC = Copy(v5)
		v19 2×4×5×4 NHWC = Copy(v9)
		v10 2×4×5×4 NHWC in v16+0/7, v21 8 = Tanh·Mul·Mul(v2, v18, v19), then sums of gamma and beta → v21
		v22 4 = Deviation(v3)
		v11 2×4 = total of gamma and beta(v21, v22)
		v12 1×4 = Slice(v11)
		v13 4 in v12+0 = view(v12)
		v15 2×3×5×4 NHWC in v16+4/7 = Conv2D(v17, v14)
		v16 2×7×5×4 NHWC = Join(v10, v15)
		v20 2×7×5×4 = Copy(v16)
		output 0 = v20
		output 1 = v13`},
	{"channels of an image", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 6, 1, false)
		return list(graph.AvgPool2D(graph.Slice(y, 1, 2, 5), [2]int{2, 2}, graph.Window{}, false, true))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×6×5×4 NHWC = Conv2D(v5, v1)
		v3 2×3×5×4 NHWC in v2+2/6 = view from channel 2(v2)
		v4 2×3×2×2 NHWC = AvgPool2D(v3)
		v6 2×3×2×2 = Copy(v4)
		output 0 = v6`},
	{"a slice of a slice", func(g testGraph) []*graph.Node {
		y := graph.Slice(g.conv(g.image(), 6, 1, false), 1, 1, 5)
		return list(graph.Exp(graph.Slice(y, 1, 2, 4)))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×6×5×4 NHWC = Conv2D(v6, v1)
		v3 2×4×5×4 NHWC in v2+1/6 = view from channel 1(v2)
		v4 2×2×5×4 NHWC in v3+2/6 = view from channel 2(v3)
		v5 2×2×5×4 NHWC = Exp(v4)
		v7 2×2×5×4 = Copy(v5)
		output 0 = v7`},
	{"channels that must lie side by side", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 6, 1, false)
		return list(graph.Sum(graph.Slice(y, 1, 2, 5)))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×6×5×4 NHWC = Conv2D(v5, v1)
		v3 2×3×5×4 NHWC in v2+2/6 = view from channel 2(v2)
		v6 2×3×5×4 NHWC = Copy(v3)
		v4 scalar = Sum(v6)
		output 0 = v4`},
	{"one copy for two readers", func(g testGraph) []*graph.Node {
		y := graph.Slice(g.conv(g.image(), 6, 1, false), 1, 2, 5)
		return list(graph.Sum(y), graph.Max(y, 2))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×6×5×4 NHWC = Conv2D(v6, v1)
		v3 2×3×5×4 NHWC in v2+2/6 = view from channel 2(v2)
		v7 2×3×5×4 NHWC = Copy(v3)
		v4 scalar = Sum(v7)
		v5 2×3×4 = Max(v7)
		output 0 = v4
		output 1 = v5`},
	{"channels of one pixel", func(g testGraph) []*graph.Node {
		y := g.conv(g.Input("x", 2, 8, 1, 1), 6, 1, false)
		return list(graph.Reshape(graph.Slice(y, 1, 2, 5), 2, 3))
	}, `
		v2 2×6×1×1 NHWC = Conv2D(v0, v1)
		v3 2×3×1×1 NHWC in v2+2/6 = view from channel 2(v2)
		v5 2×3×1×1 = Copy(v3)
		v4 2×3 in v5+0 = view(v5)
		output 0 = v4`},
	{"an input in one place of two concatenations", func(g testGraph) []*graph.Node {
		x := g.image()
		a := graph.Concat(1, x, g.conv(x, 3, 1, false))
		return list(graph.Concat(1, x, g.conv(a, 2, 1, false)))
	}, `
		v7 2×8×5×4 NHWC = Copy(v0)
		v9 2×8×5×4 NHWC in v3+0/11 = Copy(v7)
		v10 2×8×5×4 NHWC in v6+0/10 = Copy(v7)
		v2 2×3×5×4 NHWC in v3+8/11 = Conv2D(v7, v1)
		v3 2×11×5×4 NHWC = Join(v9, v2)
		v5 2×2×5×4 NHWC in v6+8/10 = Conv2D(v3, v4)
		v6 2×10×5×4 NHWC = Join(v10, v5)
		v8 2×10×5×4 = Copy(v6)
		output 0 = v8`},
	{"a reshape", func(g testGraph) []*graph.Node { return list(graph.Reshape(graph.Exp(g.Input("x", 6, 2)), 3, 4)) }, `
		v1 6×2 = Exp(v0)
		v2 3×4 in v1+0 = view(v1)
		output 0 = v2`},
	{"a variable that gets the value of another", func(g testGraph) []*graph.Node {
		a, b := g.variable(3), g.variable(3)
		g.Assign(a, b)
		g.Assign(b, a)
		return nil
	}, `
		v2 3 = Copy(v1)
		v3 3 = Copy(v0)
		w0 ← v2 (copied)
		w1 ← v3 (copied)`},
	{"operands of a weight's gradient lie in the arena", func(g testGraph) []*graph.Node {
		return list(graph.MatMulT(g.Input("a", 5, 3), g.Input("b", 5, 4), true, false))
	}, `
		v3 5×3 = Copy(v0)
		v4 5×4 = Copy(v1)
		v2 3×4 = MatMul(v3, v4)
		output 0 = v2`},
}
