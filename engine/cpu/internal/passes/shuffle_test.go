package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

// shuffled is a channel shuffle of groups of channels.
func shuffled(x *graph.Node, groups int) *graph.Node {
	s := x.Shape()
	y := graph.Transpose(graph.Reshape(x, s[0], groups, s[1]/groups, s[2], s[3]), 0, 2, 1, 3, 4)
	return graph.Reshape(y, s...)
}

func TestShuffle(t *testing.T) {
	testPass(t, "shuffle", []passCase{
		{"of an image", func(g testGraph) []*graph.Node { return list(shuffled(g.image(), 4)) }, `
			v4 2×2×5×4 = Slice(v0)
			v5 2×2×5×4 = Slice(v0)
			v6 2×2×5×4 = Slice(v0)
			v7 2×2×5×4 = Slice(v0)
			v3 2×8×5×4 = Interleave(v4, v5, v6, v7)
			output 0 = v3`},
		{"of a concatenation", func(g testGraph) []*graph.Node {
			x, y := g.image(), g.Input("y", 2, 8, 5, 4)
			return list(shuffled(graph.Concat(1, x, y), 2))
		}, `
			v5 2×16×5×4 = Interleave(v0, v1)
			output 0 = v5`},
		{"of a concatenation of other parts", func(g testGraph) []*graph.Node {
			x, y := g.image(), g.Input("y", 2, 4, 5, 4)
			return list(shuffled(graph.Concat(1, x, y), 2))
		}, `
			v2 2×12×5×4 = Concat(v0, v1)
			v6 2×6×5×4 = Slice(v2)
			v7 2×6×5×4 = Slice(v2)
			v5 2×12×5×4 = Interleave(v6, v7)
			output 0 = v5`},
		{"of a concatenation that is read elsewhere", func(g testGraph) []*graph.Node {
			x := graph.Concat(1, g.image(), g.Input("y", 2, 8, 5, 4))
			return list(shuffled(x, 2), x)
		}, `
			v2 2×16×5×4 = Concat(v0, v1)
			v6 2×8×5×4 = Slice(v2)
			v7 2×8×5×4 = Slice(v2)
			v5 2×16×5×4 = Interleave(v6, v7)
			output 0 = v5
			output 1 = v2`},
		{"with other sizes than before", func(g testGraph) []*graph.Node {
			y := graph.Transpose(graph.Reshape(g.image(), 2, 4, 2, 5, 4), 0, 2, 1, 3, 4)
			return list(graph.Reshape(y, 2, 8, 4, 5))
		}, `
			v1 2×4×2×5×4 = Reshape(v0)
			v2 2×2×4×5×4 = Transpose(v1)
			v3 2×8×4×5 = Reshape(v2)
			output 0 = v3`},
	})
}
