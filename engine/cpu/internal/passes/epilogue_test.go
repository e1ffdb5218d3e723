package passes

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/lower"
	"github.com/strideml/stride/graph"
)

// scattered is a convolution of so few pixels that tasks share them.
func scattered(g testGraph) *graph.Node { return g.conv(g.Input("x", 1, 512, 4, 4), 512, 3, false) }

// masked is a concatenation of two ReLUs, and the gradients of their arguments'
// weights. read tells that the gradient of the concatenation is an output, too.
func masked(g testGraph, read bool) []*graph.Node {
	x := g.image()
	a, b := graph.ReLU(g.conv(x, 3, 1, false)), graph.ReLU(g.conv(x, 5, 1, false))
	y := graph.Concat(1, a, b)
	z := g.conv(y, 8, 1, false)
	of := list(g.Variables()[0], g.Variables()[1])
	if read {
		of = append(of, y)
	}
	return append(list(z), graph.Gradients(graph.Sum(graph.Mul(z, g.Input("dz", 2, 8, 5, 4))), of...)...)
}

func TestEpilogue(t *testing.T) { testPass(t, "epilogue", epilogueCases) }

var epilogueCases = []passCase{
	{"ReLU becomes a clip", func(g testGraph) []*graph.Node { return list(graph.ReLU(g.conv(g.image(), 3, 3, false))) }, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v3 2×3×5×4 NHWC = Conv2D(v4, v1), then ReLU
		v5 2×3×5×4 = Copy(v3)
		output 0 = v5`},
	{"ReLU6 too", func(g testGraph) []*graph.Node { return list(graph.ReLU6(g.conv(g.image(), 3, 3, true))) }, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v4 2×3×5×4 NHWC = Conv2D(v5, v1, v2), then ReLU6
		v6 2×3×5×4 = Copy(v4)
		output 0 = v6`},
	{"of a product", func(g testGraph) []*graph.Node {
		return list(graph.ReLU(graph.Linear(g.Input("x", 5, 3), g.variable(4, 3), g.variable(4))))
	}, `
		v5 5×4 = MatMul(v0, v1, v2), then ReLU
		output 0 = v5`},
	{"other elementwise work", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Mul(graph.Tanh(g.conv(x, 8, 3, false)), x))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v4 2×8×5×4 NHWC = Conv2D(v5, v1), then Tanh·Mul(v4, v5)
		v6 2×8×5×4 = Copy(v4)
		output 0 = v6`},
	{"the second argument", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Div(x, g.conv(x, 8, 3, false)))
	}, `
		v4 2×8×5×4 NHWC = Copy(v0)
		v3 2×8×5×4 NHWC = Conv2D(v4, v1), then Div(v4, v3)
		v5 2×8×5×4 = Copy(v3)
		output 0 = v5`},
	{"a residual, also where tasks share pixels", func(g testGraph) []*graph.Node {
		y := g.Input("y", 1, 512, 4, 4)
		z := graph.MaxPool2D(y, [2]int{1, 1}, graph.Window{}, false)
		return list(graph.ReLU(graph.Add(scattered(g), z)))
	}, `
		v7 1×512×4×4 NHWC = Copy(v0)
		v1 1×512×4×4 NHWC = MaxPool2D(v7)
		v8 1×512×4×4 NHWC = Copy(v2)
		v6 1×512×4×4 NHWC = Conv2D(v8, v3), plus v1, then ReLU
		v9 1×512×4×4 = Copy(v6)
		output 0 = v9`},
	{"the sum of two products", func(g testGraph) []*graph.Node {
		x := g.Input("x", 5, 3)
		return list(graph.Add(graph.Linear(x, g.variable(4, 3), nil), graph.Linear(x, g.variable(4, 3), nil)))
	}, `
		v2 5×4 = MatMul(v0, v1)
		v5 5×4 = MatMul(v0, v3), plus v2
		output 0 = v5`},
	{"of a pooling, that clips nothing", func(g testGraph) []*graph.Node {
		return list(graph.ReLU(graph.MaxPool2D(g.image(), [2]int{2, 2}, graph.Window{}, false)))
	}, `
		v3 2×8×5×4 NHWC = Copy(v0)
		v2 2×8×2×2 NHWC = MaxPool2D(v3), then ReLU(v2)
		v4 2×8×2×2 = Copy(v2)
		output 0 = v4`},
	{"another argument is made later", func(g testGraph) []*graph.Node {
		x := g.image()
		y, z := g.conv(x, 3, 3, false), g.conv(x, 3, 1, false)
		return list(graph.Sub(y, z), graph.Exp(z))
	}, `
		v7 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v7, v1)
		v4 2×3×5×4 NHWC = Conv2D(v7, v3)
		v5 2×3×5×4 NHWC = Sub(v2, v4)
		v6 2×3×5×4 NHWC = Exp(v4)
		v8 2×3×5×4 = Copy(v5)
		v9 2×3×5×4 = Copy(v6)
		output 0 = v8
		output 1 = v9`},
	{"the argument that is made last takes the work", func(g testGraph) []*graph.Node {
		x := g.image()
		return list(graph.Div(g.conv(x, 3, 3, false), g.conv(x, 3, 1, false)))
	}, `
		v6 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v6, v1)
		v5 2×3×5×4 NHWC = Conv2D(v6, v3), then Div(v2, v5)
		v7 2×3×5×4 = Copy(v5)
		output 0 = v7`},
	{"another operation reads the value", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 3, 3, false)
		return list(graph.ReLU(y), graph.BatchStats(y))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC, v7 6 = Conv2D(v5, v1), then sums of moments → v7
		v3 2×3×5×4 NHWC = ReLU(v2)
		v4 2×3 = total of moments(v7)
		v6 2×3×5×4 = Copy(v3)
		output 0 = v6
		output 1 = v4`},
	{"the value is an output", func(g testGraph) []*graph.Node {
		y := graph.Linear(g.Input("x", 5, 3), g.variable(4, 3), g.variable(4))
		return list(graph.ReLU(y), y)
	}, `
		v4 5×4 = MatMul(v0, v1, v2)
		v5 5×4 = ReLU(v4)
		output 0 = v5
		output 1 = v4`},
	{"the argument is repeated", func(g testGraph) []*graph.Node {
		y := graph.Linear(g.Input("x", 1, 3), g.variable(4, 3), nil)
		return list(graph.Mul(y, g.Input("z", 5, 4)))
	}, `
		v2 1×4 = MatMul(v0, v1)
		v4 5×4 = Mul(v2, v3)
		output 0 = v4`},
	{"sums", func(g testGraph) []*graph.Node {
		y := g.conv(g.image(), 3, 3, false)
		return list(graph.BatchStats(y), graph.Tanh(y))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC, v7 6 = Conv2D(v5, v1), then sums of moments → v7
		v3 2×3 = total of moments(v7)
		v4 2×3×5×4 NHWC = Tanh(v2)
		v6 2×3×5×4 = Copy(v4)
		output 0 = v3
		output 1 = v6`},
	{"sums of the result of elementwise work", func(g testGraph) []*graph.Node {
		return list(graph.Sum(graph.ReLU(g.conv(g.image(), 3, 3, false)), 0, 2, 3))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v3 2×3×5×4 NHWC, v6 3 = Conv2D(v5, v1), then ReLU, then sums of rows → v6
		v4 3 = total of rows(v6)
		output 0 = v4`},
	{"sums of some channels", func(g testGraph) []*graph.Node {
		return list(graph.BatchStats(graph.Slice(g.conv(g.image(), 5, 3, false), 1, 2, 4)))
	}, `
		v5 2×8×5×4 NHWC = Copy(v0)
		v2 2×5×5×4 NHWC, v6 4 = Conv2D(v5, v1), then sums of moments → v6
		v3 2×2×5×4 NHWC = view from channel 2(v2)
		v4 2×2 = total of moments(v6)
		output 0 = v4`},
	{"sums that read what is made later", func(g testGraph) []*graph.Node {
		x := g.image()
		dy, y, gamma := graph.Tanh(g.conv(x, 3, 3, false)), g.conv(x, 3, 1, false), g.variable(3)
		z := graph.BatchNormInference(y, g.variable(2, 3), gamma, g.variable(3), 1e-5)
		return graph.Gradients(graph.Sum(graph.Mul(z, dy)), gamma)
	}, `
		v8 1×1×1×1 = view(v7)
		v14 2×8×5×4 NHWC = Copy(v0)
		v2 2×3×5×4 NHWC = Conv2D(v14, v1)
		v5 2×3×5×4 NHWC = Conv2D(v14, v4)
		v9 2×3×5×4 = BroadcastTo(v8)
		v15 2×3×5×4 NHWC = Copy(v9)
		v10 2×3×5×4 NHWC, v16 6 = Tanh·Mul(v2, v15), then sums of gamma and beta → v16
		v17 3 = Deviation(v6)
		v11 2×3 = total of gamma and beta(v16, v17)
		v12 1×3 = Slice(v11)
		v13 3 = view(v12)
		output 0 = v13`},
	{"ReLU of an operation whose tasks complete no whole ranges", func(g testGraph) []*graph.Node {
		return list(graph.ReLU(scattered(g)))
	}, `
		v4 1×512×4×4 NHWC = Copy(v0)
		v3 1×512×4×4 NHWC = Conv2D(v4, v1), then ReLU
		v5 1×512×4×4 = Copy(v3)
		output 0 = v5`},
	{"nothing else of such an operation", func(g testGraph) []*graph.Node { return list(graph.Tanh(scattered(g))) }, `
		v4 1×512×4×4 NHWC = Copy(v0)
		v2 1×512×4×4 NHWC = Conv2D(v4, v1)
		v3 1×512×4×4 NHWC = Tanh(v2)
		v5 1×512×4×4 = Copy(v3)
		output 0 = v5`},
	{"no sums of it", func(g testGraph) []*graph.Node { return list(graph.BatchStats(scattered(g))) }, `
		v4 1×512×4×4 NHWC = Copy(v0)
		v2 1×512×4×4 NHWC = Conv2D(v4, v1)
		v5 1024 = sums of moments(v2)
		v3 2×512 = total of moments(v5)
		output 0 = v3`},
	{"sums of elementwise work, which takes no elementwise work itself", func(g testGraph) []*graph.Node {
		y := graph.Tanh(g.Input("x", 5, 4))
		for range lower.MaxMembers {
			y = graph.Exp(y)
		}
		return list(graph.Sum(y, 0))
	}, `
		v1 5×4 = Tanh(v0)
		v25 5×4, v27 4 = Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp·Exp(v1), then sums of rows → v27
		v26 4 = total of rows(v27)
		output 0 = v26`},
	{"a mask", func(g testGraph) []*graph.Node { return masked(g, false) }, `
		v12 1×1×1×1 = view(v11)
		v22 2×8×5×4 NHWC = Copy(v0)
		v3 2×3×5×4 NHWC = Conv2D(v22, v1), then ReLU
		v6 2×5×5×4 NHWC = Conv2D(v22, v4), then ReLU
		v7 2×8×5×4 NHWC = Join(v3, v6)
		v9 2×8×5×4 NHWC = Conv2D(v7, v8)
		v13 2×8×5×4 = BroadcastTo(v12)
		v14 2×8×5×4 = Mul(v13, v10)
		v23 2×8×5×4 NHWC = Copy(v14)
		v15 2×8×5×4 NHWC = Conv2DInputGrad(v8, v23), then masked by v7
		v16 2×3×5×4 NHWC = view(v15)
		v20 2×3×5×4 NHWC = view(v16)
		v17 2×5×5×4 NHWC = view from channel 3(v15)
		v18 2×5×5×4 NHWC = view(v17)
		v19 5×8×1×1 = Conv2DWeightGrad(v22, v18)
		v21 3×8×1×1 = Conv2DWeightGrad(v22, v20)
		v24 2×8×5×4 = Copy(v9)
		output 0 = v24
		output 1 = v21
		output 2 = v19`},
	{"no mask where the gradient is read elsewhere", func(g testGraph) []*graph.Node { return masked(g, true) }, `
		v12 1×1×1×1 = view(v11)
		v22 2×8×5×4 NHWC = Copy(v0)
		v3 2×3×5×4 NHWC = Conv2D(v22, v1), then ReLU
		v6 2×5×5×4 NHWC = Conv2D(v22, v4), then ReLU
		v7 2×8×5×4 NHWC = Join(v3, v6)
		v9 2×8×5×4 NHWC = Conv2D(v7, v8)
		v13 2×8×5×4 = BroadcastTo(v12)
		v14 2×8×5×4 = Mul(v13, v10)
		v23 2×8×5×4 NHWC = Copy(v14)
		v15 2×8×5×4 NHWC = Conv2DInputGrad(v8, v23)
		v16 2×3×5×4 NHWC = view(v15)
		v17 2×5×5×4 NHWC = view from channel 3(v15)
		v18 2×5×5×4 NHWC = ReLUGrad(v6, v17)
		v19 5×8×1×1 = Conv2DWeightGrad(v22, v18)
		v20 2×3×5×4 NHWC = ReLUGrad(v3, v16)
		v21 3×8×1×1 = Conv2DWeightGrad(v22, v20)
		v24 2×8×5×4 = Copy(v9)
		v25 2×8×5×4 = Copy(v15)
		output 0 = v24
		output 1 = v21
		output 2 = v19
		output 3 = v25`},
}
