package passes

import (
	"testing"

	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// trained is a net of two linear layers whose weights are updated.
func trained(g testGraph) []*graph.Node {
	v, w := g.variable(4, 3), g.variable(2, 4)
	loss := graph.Sum(graph.Linear(graph.Tanh(graph.Linear(g.Input("x", 5, 3), v, nil)), w, nil))
	for i, d := range graph.Gradients(loss, v, w) {
		g.Assign(list(v, w)[i], graph.Sub(list(v, w)[i], graph.Mul(d, g.Scalar(0.1))))
	}
	return list(loss)
}

func TestSchedule(t *testing.T) {
	testPass(t, "schedule", []passCase{
		{"updates follow their gradients", trained, `
			v8 1×1 in v7+0 = view(v7)
			v4 5×4 = MatMul(v2, v0), then Tanh(v4)
			v5 5×2 = MatMul(v4, v1)
			v6 scalar = Sum(v5)
			v9 5×2 = BroadcastTo(v8)
			v12 5×4 = MatMul(v9, v1), then TanhGrad(v4, v12)
			v11 2×4 = MatMul(v9, v4)
			v19 2×4 = Mul·Sub(v11, v17, v1)
			v20 5×3 = Copy(v2)
			v13 4×3 = MatMul(v12, v20)
			v16 4×3 = Mul·Sub(v13, v14, v0)
			output 0 = v6
			w0 ← v16 (copied)
			w1 ← v19 (copied)`},
		{"an update waits for the last reader", func(g testGraph) []*graph.Node {
			w, x := g.variable(3, 3), g.Input("x", 3, 3)
			g.Assign(w, graph.Sub(w, x))
			return list(graph.MatMul(graph.MatMul(x, w), w))
		}, `
			v3 3×3 = MatMul(v1, v0)
			v4 3×3 = MatMul(v3, v0)
			v2 3×3 = Sub(v0, v1)
			output 0 = v4
			w0 ← v2 (copied)`},
		{"a value that others wait for stays", func(g testGraph) []*graph.Node {
			w, x := g.variable(3, 3), g.Input("x", 3, 3)
			y := graph.MatMul(x, x)
			v := graph.Sub(w, x)
			g.Assign(w, v)
			return list(graph.MatMul(y, v))
		}, `
			v2 3×3 = MatMul(v1, v1)
			v3 3×3 = Sub(v0, v1)
			v4 3×3 = MatMul(v2, v3)
			output 0 = v4
			w0 ← v3 (copied)`},
		{"a velocity and the weight that it moves", func(g testGraph) []*graph.Node {
			w, v, x := g.variable(3, 3), g.variable(3, 3), g.Input("x", 3, 3)
			moved := graph.Add(graph.Mul(v, g.Scalar(0.9)), x)
			y := graph.MatMul(x, x)
			g.Assign(v, moved)
			g.Assign(w, graph.Sub(w, moved))
			return list(graph.Exp(y))
		}, `
			v5 3×3 = Mul·Add(v1, v3, v2)
			v7 3×3 = Sub(v0, v5)
			v8 3×3 = MatMul(v2, v2), then Exp(v8)
			output 0 = v8
			w1 ← v5 (copied)
			w0 ← v7 (copied)`},
	})
}

func TestDirect(t *testing.T) {
	update := func(g testGraph) (w, v *graph.Node) {
		w = g.variable(3, 3)
		v = graph.Sub(w, g.Input("x", 3, 3))
		g.Assign(w, v)
		return w, v
	}
	testPass(t, "direct", []passCase{
		{"an update", func(g testGraph) []*graph.Node { update(g); return nil }, `
			v2 3×3 = Sub(v0, v1)
			w0 ← v2 (in place)`},
		{"read before", func(g testGraph) []*graph.Node {
			w, _ := update(g)
			return list(graph.MatMul(w, g.Inputs()[0]))
		}, `
			v3 3×3 = MatMul(v0, v1)
			v2 3×3 = Sub(v0, v1)
			output 0 = v3
			w0 ← v2 (in place)`},
		{"the old value is an output", func(g testGraph) []*graph.Node {
			w, _ := update(g)
			return list(w)
		}, `
			v2 3×3 = Sub(v0, v1)
			output 0 = v0
			w0 ← v2 (copied)`},
		{"the new value is an output", func(g testGraph) []*graph.Node {
			_, v := update(g)
			return list(v)
		}, `
			v2 3×3 = Sub(v0, v1)
			output 0 = v2
			w0 ← v2 (copied)`},
		{"the new value is read by a product", func(g testGraph) []*graph.Node {
			_, v := update(g)
			return list(graph.MatMul(v, v))
		}, `
			v2 3×3 = Sub(v0, v1)
			v3 3×3 = MatMul(v2, v2)
			output 0 = v3
			w0 ← v2 (copied)`},
		{"the new value is read element by element", func(g testGraph) []*graph.Node {
			_, v := update(g)
			other := g.variable(3, 3)
			g.Assign(other, graph.Mul(v, other))
			return nil
		}, `
			v2 3×3 = Sub(v0, v1)
			v4 3×3 = Mul(v2, v3)
			w0 ← v2 (in place)
			w1 ← v4 (in place)`},
		{"the new value of two variables", func(g testGraph) []*graph.Node {
			_, v := update(g)
			g.Assign(g.variable(3, 3), v)
			return nil
		}, `
			v2 3×3 = Sub(v0, v1)
			w0 ← v2 (copied)
			w1 ← v2 (copied)`},
		{"two that exchange values", func(g testGraph) []*graph.Node {
			a, b := g.variable(3), g.variable(3)
			g.Assign(a, graph.Neg(b))
			g.Assign(b, graph.Exp(a))
			return nil
		}, `
			v2 3 = Neg(v1)
			v3 3 = Exp(v0)
			w0 ← v2 (copied)
			w1 ← v3 (in place)`},
		{"not elementwise", func(g testGraph) []*graph.Node {
			w := g.variable(3, 3)
			g.Assign(w, graph.MatMul(w, w))
			return nil
		}, `
			v1 3×3 = MatMul(v0, v0)
			w0 ← v1 (copied)`},
	})
}

func TestMerge(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.StreamedFloats = 12
	testPass(t, "merge", []passCase{
		{"of a matrix that is large enough, and one that is not", trained, `
			v8 1×1 in v7+0 = view(v7)
			v4 5×4 = MatMul(v2, v0), then Tanh(v4)
			v5 5×2 = MatMul(v4, v1)
			v6 scalar = Sum(v5)
			v9 5×2 = BroadcastTo(v8)
			v12 5×4 = MatMul(v9, v1), then TanhGrad(v4, v12)
			v11 2×4 = MatMul(v9, v4)
			v19 2×4 = Mul·Sub(v11, v17, v1)
			v20 5×3 = Copy(v2)
			v16 4×3 = MatMul(v12, v20), then Mul·Sub(v16, v14, v0)
			output 0 = v6
			w0 ← v16 (in place)
			w1 ← v19 (in place)`},
		{"a gradient that is an output", func(g testGraph) []*graph.Node {
			w := g.variable(4, 3)
			d := graph.MatMulT(g.Input("dy", 5, 4), g.Input("x", 5, 3), true, false)
			g.Assign(w, graph.Sub(w, d))
			return list(d)
		}, `
			v5 5×4 = Copy(v1)
			v6 5×3 = Copy(v2)
			v3 4×3 = MatMul(v5, v6)
			v4 4×3 = Sub(v0, v3)
			output 0 = v3
			w0 ← v4 (in place)`},
		{"an update that is copied", func(g testGraph) []*graph.Node {
			w := g.variable(4, 3)
			d := graph.MatMulT(g.Input("dy", 5, 4), g.Input("x", 5, 3), true, false)
			g.Assign(w, graph.Sub(w, d))
			return list(w)
		}, `
			v5 5×4 = Copy(v1)
			v6 5×3 = Copy(v2)
			v3 4×3 = MatMul(v5, v6)
			v4 4×3 = Sub(v0, v3)
			output 0 = v0
			w0 ← v4 (copied)`},
		{"no update", func(g testGraph) []*graph.Node {
			return list(graph.MatMulT(g.Input("dy", 5, 4), g.Input("x", 5, 3), true, false))
		}, `
			v3 5×4 = Copy(v0)
			v4 5×3 = Copy(v1)
			v2 4×3 = MatMul(v3, v4)
			output 0 = v2`},
		{"an update that reads the gradient under two names", func(g testGraph) []*graph.Node {
			w := g.variable(4, 3)
			d := graph.MatMulT(g.Input("dy", 5, 4), g.Input("x", 5, 3), true, false)
			g.Assign(w, graph.Sub(w, graph.Mul(d, graph.Reshape(graph.Reshape(d, 12), 4, 3))))
			return nil
		}, `
			v8 5×4 = Copy(v1)
			v9 5×3 = Copy(v2)
			v3 4×3 = MatMul(v8, v9)
			v4 12 in v3+0 = view(v3)
			v5 4×3 in v4+0 = view(v4)
			v7 4×3 = Mul·Sub(v3, v5, v0)
			w0 ← v7 (in place)`},
		{"another step in between", func(g testGraph) []*graph.Node {
			w, dy := g.variable(4, 3), g.Input("dy", 5, 4)
			d := graph.MatMulT(dy, g.Input("x", 5, 3), true, false)
			g.Assign(w, graph.Sub(w, graph.Mul(d, graph.Sum(dy))))
			return nil
		}, `
			v7 5×4 = Copy(v1)
			v8 5×3 = Copy(v2)
			v3 4×3 = MatMul(v7, v8)
			v4 scalar = Sum(v1)
			v6 4×3 = Mul·Sub(v3, v4, v0)
			w0 ← v6 (in place)`},
	})
}
