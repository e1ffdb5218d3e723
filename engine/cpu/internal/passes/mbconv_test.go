package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

// depthwise is a depthwise convolution of 3×3 that keeps the size of the image.
func (g testGraph) depthwise(x *graph.Node) *graph.Node {
	c := x.Shape()[1]
	return graph.Conv2D(x, g.variable(c, 1, 3, 3), nil, graph.Window{Pad: [2]int{1, 1}}, c)
}

func TestMBConv(t *testing.T) {
	testPass(t, "mbconv", []passCase{
		{"an expansion and a depthwise convolution", func(g testGraph) []*graph.Node {
			return list(g.depthwise(g.conv(g.image(), 16, 1, true)))
		}, `
			v6 2×8×5×4 NHWC = Copy(v0)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4), where v3 2×16×5×4 NHWC = Conv2D(v6, v1, v2)
			v7 2×16×5×4 = Copy(v5)
			output 0 = v7`},
		{"with ReLU", func(g testGraph) []*graph.Node {
			return list(g.depthwise(graph.ReLU(g.conv(g.image(), 16, 1, true))))
		}, `
			v7 2×8×5×4 NHWC = Copy(v0)
			v6 2×16×5×4 NHWC = Conv2D(v4, v5), where v4 2×16×5×4 NHWC = Conv2D(v7, v1, v2), then ReLU
			v8 2×16×5×4 = Copy(v6)
			output 0 = v8`},
		{"with SiLU times a number", func(g testGraph) []*graph.Node {
			y := graph.SiLU(g.conv(g.image(), 16, 1, false))
			return list(g.depthwise(graph.Mul(y, g.Scalar(2))))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v7 2×16×5×4 NHWC = Conv2D(v5, v6), where v5 2×16×5×4 NHWC = Conv2D(v8, v1), then SiLU·Mul(v5, v4)
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9`},
		{"an expansion that is an output", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 16, 1, true)
			return list(g.depthwise(y), y)
		}, `
			v6 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v6, v1, v2)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4)
			v7 2×16×5×4 = Copy(v5)
			v8 2×16×5×4 = Copy(v3)
			output 0 = v7
			output 1 = v8`},
		{"an expansion with another reader", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 16, 1, true)
			return list(graph.Add(graph.Exp(g.depthwise(y)), y))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v8, v1, v2)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4)
			v7 2×16×5×4 NHWC = Exp·Add(v5, v3)
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9`},
		{"an activation with another reader", func(g testGraph) []*graph.Node {
			y := graph.ReLU(g.conv(g.image(), 16, 1, true))
			return list(graph.Add(graph.Exp(g.depthwise(y)), y))
		}, `
			v9 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v9, v1, v2)
			v4 2×16×5×4 NHWC = ReLU(v3)
			v6 2×16×5×4 NHWC = Conv2D(v4, v5)
			v8 2×16×5×4 NHWC = Exp·Add(v6, v4)
			v10 2×16×5×4 = Copy(v8)
			output 0 = v10`},
		{"a sum with another image between them", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 8, 1, true)
			return list(g.depthwise(graph.Add(graph.Exp(y), g.Graph.Inputs()[0])))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v3 2×8×5×4 NHWC = Conv2D(v8, v1, v2)
			v5 2×8×5×4 NHWC = Exp·Add(v3, v8)
			v7 2×8×5×4 NHWC = Conv2D(v5, v6)
			v9 2×8×5×4 = Copy(v7)
			output 0 = v9`},
		{"factors of the channels between them", func(g testGraph) []*graph.Node {
			y := g.conv(g.image(), 8, 1, true)
			return list(g.depthwise(graph.Mul(y, g.Input("factors", 2, 8, 1, 1))))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v3 2×8×5×4 NHWC = Conv2D(v8, v1, v2)
			v5 2×8×5×4 NHWC = Mul(v3, v4)
			v7 2×8×5×4 NHWC = Conv2D(v5, v6)
			v9 2×8×5×4 = Copy(v7)
			output 0 = v9`},
		{"a 3×3 convolution", func(g testGraph) []*graph.Node {
			return list(g.depthwise(g.conv(g.image(), 16, 3, true)))
		}, `
			v6 2×8×5×4 NHWC = Copy(v0)
			v3 2×16×5×4 NHWC = Conv2D(v6, v1, v2)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4)
			v7 2×16×5×4 = Copy(v5)
			output 0 = v7`},
		{"depthwise convolutions one after the other", func(g testGraph) []*graph.Node {
			return list(g.depthwise(g.depthwise(g.conv(g.image(), 16, 1, true))))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4), where v3 2×16×5×4 NHWC = Conv2D(v8, v1, v2)
			v7 2×16×5×4 NHWC = Conv2D(v5, v6)
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9`},
		{"a program that assigns", func(g testGraph) []*graph.Node {
			v := g.variable(1)
			g.Assign(v, graph.Neg(v))
			return list(g.depthwise(g.conv(g.image(), 16, 1, true)))
		}, `
			v1 1 = Neg(v0)
			v8 2×8×5×4 NHWC = Copy(v2)
			v5 2×16×5×4 NHWC = Conv2D(v8, v3, v4)
			v7 2×16×5×4 NHWC = Conv2D(v5, v6)
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9
			w0 ← v1 (copied)`},
	})
}

// Activations become the epilogue of both convolutions; of the second only if they have no
// other arguments than numbers.
func TestMBConvEpilogue(t *testing.T) {
	testPass(t, "epilogue", []passCase{
		{"ReLU6 and HardSwish", func(g testGraph) []*graph.Node {
			return list(graph.HardSwish(g.depthwise(graph.ReLU6(g.conv(g.image(), 16, 1, true)))))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v7 2×16×5×4 NHWC = Conv2D(v4, v5), then HardSwish(v7), where v4 2×16×5×4 NHWC = Conv2D(v8, v1, v2), then ReLU6
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9`},
		{"HardSwish and ReLU6", func(g testGraph) []*graph.Node {
			return list(graph.ReLU6(g.depthwise(graph.HardSwish(g.conv(g.image(), 16, 1, true)))))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v7 2×16×5×4 NHWC = Conv2D(v4, v5), then ReLU6, where v4 2×16×5×4 NHWC = Conv2D(v8, v1, v2), then HardSwish(v4)
			v9 2×16×5×4 = Copy(v7)
			output 0 = v9`},
		{"a sum with another image", func(g testGraph) []*graph.Node {
			return list(graph.Add(g.depthwise(graph.ReLU(g.conv(g.image(), 8, 1, true))), g.Graph.Inputs()[0]))
		}, `
			v8 2×8×5×4 NHWC = Copy(v0)
			v6 2×8×5×4 NHWC = Conv2D(v4, v5), where v4 2×8×5×4 NHWC = Conv2D(v8, v1, v2), then ReLU
			v7 2×8×5×4 NHWC = Add(v6, v8)
			v9 2×8×5×4 = Copy(v7)
			output 0 = v9`},
		{"sums over the rows", func(g testGraph) []*graph.Node {
			y := g.depthwise(g.conv(g.image(), 16, 1, true))
			return list(graph.Mean(y, 0, 2, 3), y)
		}, `
			v7 2×8×5×4 NHWC = Copy(v0)
			v5 2×16×5×4 NHWC = Conv2D(v3, v4), where v3 2×16×5×4 NHWC = Conv2D(v7, v1, v2)
			v9 16 = sums of rows(v5)
			v6 16 = total of rows(v9)
			v8 2×16×5×4 = Copy(v5)
			output 0 = v6
			output 1 = v8`},
	})
}
