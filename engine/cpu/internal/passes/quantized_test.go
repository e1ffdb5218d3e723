package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

func TestQuantized(t *testing.T) { testPass(t, "quantized", quantizedCases) }

// bytes rounds a value to bytes.
func (g testGraph) bytes(x *graph.Node) *graph.Node {
	return graph.FakeQuantize(x, g.variable(), g.Scalar(7), graph.Uint8)
}

// convBytes is conv with weights that are quantized.
func (g testGraph) convBytes(x *graph.Node, channels, size int) *graph.Node {
	w := graph.FakeQuantize(g.variable(channels, x.Shape()[1], size, size), g.variable(channels, 1, 1, 1), g.Scalar(0), graph.Int8)
	return graph.Conv2D(x, w, nil, graph.Window{Pad: [2]int{size / 2, size / 2}}, 1)
}

var quantizedCases = []passCase{
	{"a convolution takes in what follows", func(g testGraph) []*graph.Node {
		x := g.bytes(g.image())
		return list(g.bytes(graph.ReLU(graph.Add(g.convBytes(x, 8, 3), x))))
	}, `
		v14 2×8×5×4 uint8 = Quantize(v0, v1, v2)
		v15 2×8×5×4 uint8 = QuantizedConv2D(v14, v1, v2, v4, v5, v14, v1, v2, v11, v12)
		v16 2×8×5×4 = Dequantize(v15, v11, v12)
		output 0 = v16`},
	{"weights that change keep floats", func(g testGraph) []*graph.Node {
		y := g.convBytes(g.bytes(g.image()), 8, 3)
		w := g.Variables()[1]
		g.Assign(w, graph.Neg(w))
		return list(y)
	}, `
		v3 2×8×5×4 = FakeQuantize(v0, v1, v2)
		v7 8×8×3×3 = FakeQuantize(v4, v5, v6)
		v8 2×8×5×4 = Conv2D(v3, v7)
		v9 8×8×3×3 = Neg(v4)
		output 0 = v8
		w1 ← v9 (copied)`},
	{"so do bytes that only numbers are computed of", func(g testGraph) []*graph.Node {
		return list(graph.Tanh(g.bytes(g.image())), g.convBytes(g.bytes(g.Input("y", 2, 8, 5, 4)), 3, 1))
	}, `
		v3 2×8×5×4 = FakeQuantize(v0, v1, v2)
		v4 2×8×5×4 = Tanh(v3)
		v14 2×8×5×4 uint8 = Quantize(v5, v6, v7)
		v15 2×3×5×4 = QuantizedConv2D(v14, v6, v7, v9, v10)
		output 0 = v4
		output 1 = v15`},
	{"a depthwise convolution without bytes keeps floats", func(g testGraph) []*graph.Node {
		w := graph.FakeQuantize(g.variable(8, 1, 3, 3), g.variable(8, 1, 1, 1), g.Scalar(0), graph.Int8)
		return list(graph.Conv2D(g.bytes(g.image()), w, nil, graph.Window{}, 8))
	}, `
		v3 8×1×3×3 = FakeQuantize(v0, v1, v2)
		v7 2×8×5×4 = FakeQuantize(v4, v5, v6)
		v8 2×8×3×2 = Conv2D(v7, v3)
		output 0 = v8`},
}
