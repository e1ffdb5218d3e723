package passes

import (
	"testing"

	"github.com/strideml/stride/graph"
)

// TestProduct: a product reads a transposition where its argument is if the rows or the
// columns of the matrices are contiguous there.
func TestProduct(t *testing.T) {
	heads := func(g testGraph) *graph.Node { return graph.Reshape(g.Input("x", 2, 5, 12), 2, 5, 3, 4) }
	testPass(t, "algorithm", []passCase{
		{"queries and keys", func(g testGraph) []*graph.Node {
			return list(graph.MatMul(graph.Transpose(heads(g), 0, 2, 1, 3), graph.Transpose(heads(g), 0, 2, 3, 1)))
		}, `
			v1 2×5×3×4 = Reshape(v0)
			v4 2×5×3×4 = Reshape(v3)
			v6 2×3×5×5 = MatMul(v1, v4)
			output 0 = v6`},
		{"a transposition that is read elsewhere", func(g testGraph) []*graph.Node {
			k := graph.Transpose(g.Input("k", 3, 5, 4), 0, 2, 1)
			return list(graph.MatMul(g.Input("q", 3, 5, 4), k), k)
		}, `
			v1 3×4×5 = Transpose(v0)
			v3 3×5×5 = MatMul(v2, v0)
			output 0 = v3
			output 1 = v1`},
		{"nothing contiguous", func(g testGraph) []*graph.Node {
			return list(graph.MatMul(graph.Transpose(g.Input("q", 5, 4, 3), 2, 0, 1), g.Input("k", 3, 4, 5)))
		}, `
			v1 3×5×4 = Transpose(v0)
			v3 3×5×5 = MatMul(v1, v2)
			output 0 = v3`},
		{"an image", func(g testGraph) []*graph.Node {
			return list(graph.MatMul(graph.Transpose(graph.MaxPool2D(g.Input("x", 2, 3, 4, 5), [2]int{1, 1}, graph.Window{}, false), 0, 2, 3, 1), g.Input("y", 2, 4, 3, 5)))
		}, `
			v1 2×3×4×5 = MaxPool2D(v0)
			v2 2×4×5×3 = Transpose(v1)
			v4 2×4×5×5 = MatMul(v2, v3)
			output 0 = v4`},
	})
}
