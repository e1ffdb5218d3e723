package passes

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

func TestArgmax(t *testing.T) {
	if !vec.MaxPoolArgmaxFast() {
		t.Skip("no kernel for it")
	}
	pool := func(x *graph.Node, size int) *graph.Node {
		return graph.MaxPool2D(x, [2]int{size, size}, graph.Window{}, false)
	}
	testPass(t, "argmax", []passCase{
		{"with a gradient", func(g testGraph) []*graph.Node {
			x := g.image()
			y := pool(x, 2)
			return append(list(y), graph.Gradients(graph.Sum(y), x)...)
		}, `
			v1 2×8×2×2, v6 17 = MaxPool2D(v0)
			v3 1×1×1×1 = Reshape(v2)
			v4 2×8×2×2 = BroadcastTo(v3)
			v5 2×8×5×4 = MaxPool2DGrad(v6, v4)
			output 0 = v1
			output 1 = v5`},
		{"two gradients of two equal poolings", func(g testGraph) []*graph.Node {
			x := g.image()
			a, b := pool(x, 2), pool(x, 2)
			return append(list(a, b), graph.Gradients(graph.Sum(graph.Mul(a, b)), x)...)
		}, `
			v1 2×8×2×2, v11 17 = MaxPool2D(v0)
			v2 2×8×2×2 = MaxPool2D(v0)
			v4 1×1×1×1 = Reshape(v3)
			v5 2×8×2×2 = BroadcastTo(v4)
			v6 2×8×2×2 = Mul(v5, v2)
			v7 2×8×2×2 = Mul(v5, v1)
			v8 2×8×5×4 = MaxPool2DGrad(v11, v7)
			v9 2×8×5×4 = MaxPool2DGrad(v11, v6)
			v10 2×8×5×4 = Add(v8, v9)
			output 0 = v1
			output 1 = v2
			output 2 = v10`},
		{"no gradient", func(g testGraph) []*graph.Node { return list(pool(g.image(), 2)) }, `
			v1 2×8×2×2 = MaxPool2D(v0)
			output 0 = v1`},
		{"the gradient alone", func(g testGraph) []*graph.Node {
			x := g.image()
			return graph.Gradients(graph.Sum(pool(x, 2)), x)
		}, `
			v2 1×1×1×1 = Reshape(v1)
			v3 2×8×2×2 = BroadcastTo(v2)
			v4 2×8×5×4 = MaxPool2DGrad(v0, v3)
			output 0 = v4`},
		{"more taps than a byte counts", func(g testGraph) []*graph.Node {
			x := g.Input("x", 1, 1, 20, 20)
			y := pool(x, 20)
			return append(list(y), graph.Gradients(graph.Sum(y), x)...)
		}, `
			v1 1×1×1×1 = MaxPool2D(v0)
			v3 1×1×1×1 = Reshape(v2)
			v4 1×1×20×20 = MaxPool2DGrad(v0, v3)
			output 0 = v1
			output 1 = v4`},
	})
}
