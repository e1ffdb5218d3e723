package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// normalizedRows normalizes the groups of an image as files of PyTorch have it.
func normalizedRows(g testGraph, x *graph.Node, groups int) *graph.Node {
	s := x.Shape()
	size := s.Size() / s[0] / groups
	rows := graph.Reshape(graph.Reshape(x, s[0], groups, size), s[0]*groups, size)
	y := graph.LayerNorm(rows, g.Constant(tensor.Full(1, size)), g.Constant(tensor.New(size)), 1e-5, 1)
	return graph.Reshape(y, s[0], groups, size)
}

// ofChannels multiplies and adds variables of channels.
func ofChannels(g testGraph, x *graph.Node) *graph.Node {
	c := x.Shape()[1]
	return graph.Add(graph.Mul(x, g.variable(c, 1, 1)), g.variable(c, 1, 1))
}

func TestGroupNorm(t *testing.T) {
	testPass(t, "groupnorm", []passCase{
		{"two groups", func(g testGraph) []*graph.Node {
			x := graph.ReLU(g.image())
			return list(ofChannels(g, graph.Reshape(normalizedRows(g, x, 2), 2, 8, 5, 4)))
		}, `
			v1 2×8×5×4 = ReLU(v0)
			v13 8 = Reshape(v9)
			v14 8 = Reshape(v11)
			v15 2×2×2 = GroupStats(v1)
			v12 2×8×5×4 = GroupNorm(v1, v15, v13, v14)
			output 0 = v12`},
		{"one group, with a factor and a summand for all elements", func(g testGraph) []*graph.Node {
			y := normalizedRows(g, g.image(), 1)
			y = graph.Add(graph.Mul(y, g.variable(1)), g.variable(1))
			return list(ofChannels(g, graph.Reshape(y, 2, 8, 5, 4)))
		}, `
			v16 1 = Reshape(v7)
			v17 1 = Reshape(v9)
			v18 8 = Reshape(v12)
			v19 8 = Mul(v16, v18)
			v20 8 = Mul(v17, v18)
			v21 8 = Reshape(v14)
			v22 8 = Add(v20, v21)
			v23 2×2×1 = GroupStats(v0)
			v15 2×8×5×4 = GroupNorm(v0, v23, v19, v22)
			output 0 = v15`},
		{"the rows are read", func(g testGraph) []*graph.Node {
			y := normalizedRows(g, g.image(), 1)
			return list(ofChannels(g, graph.Reshape(y, 2, 8, 5, 4)), graph.Exp(y))
		}, `
			v1 2×1×160 = Reshape(v0)
			v2 2×160 = Reshape(v1)
			v5 2×160 = LayerNorm(v2, v3, v4)
			v6 2×1×160 = Reshape(v5)
			v7 2×8×5×4 = Reshape(v6)
			v9 2×8×5×4 = Mul(v7, v8)
			v11 2×8×5×4 = Add(v9, v10)
			v12 2×1×160 = Exp(v6)
			output 0 = v11
			output 1 = v12`},
		{"no factor", func(g testGraph) []*graph.Node {
			y := graph.Reshape(normalizedRows(g, g.image(), 1), 2, 8, 5, 4)
			return list(graph.Add(y, g.variable(8, 1, 1)))
		}, `
			v1 2×1×160 = Reshape(v0)
			v2 2×160 = Reshape(v1)
			v5 2×160 = LayerNorm(v2, v3, v4)
			v6 2×1×160 = Reshape(v5)
			v7 2×8×5×4 = Reshape(v6)
			v9 2×8×5×4 = Add(v7, v8)
			output 0 = v9`},
	})
}
