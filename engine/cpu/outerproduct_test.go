package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A large matrix of weights is updated block by block as its gradient is
// computed, which changes no bit of it.
func TestMergedUpdate(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	const batch, in, out = 33, 1100, 50 // more than a block of columns and of rows
	trained := func(velocity bool) (weights []float32, steps []string) {
		r := rand.New(rand.NewPCG(1, 2))
		random := func(shape ...int) *tensor.Tensor {
			x := tensor.New(shape...)
			for i := range x.Data() {
				x.Data()[i] = float32(r.NormFloat64())
			}
			return x
		}
		g := graph.New()
		w := g.Variable(&graph.Variable{Name: "w", Value: random(out, in)})
		x, dy := g.Input("x", batch, in), g.Input("dy", batch, out)
		gradient := graph.MatMulT(dy, x, true, false)
		if velocity {
			v := g.Variable(&graph.Variable{Name: "v", Value: random(out, in)})
			gradient = graph.Add(graph.Mul(v, g.Scalar(0.9)), gradient)
			g.Assign(v, gradient)
		}
		g.Assign(w, graph.Sub(w, graph.Mul(gradient, g.Scalar(0.125))))
		d := New(Options{Threads: 2})
		defer d.Close()
		p, err := d.Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for range 2 {
			if err := p.Run(engine.Feeds{x: random(batch, in), dy: random(batch, out)}, nil); err != nil {
				t.Fatal(err)
			}
		}
		for _, v := range g.Variables() {
			weights = append(weights, v.Op().(graph.VariableOp).Variable.Value.Data()...)
		}
		for _, s := range p.(program).Steps() {
			steps = append(steps, s.Name)
		}
		return weights, steps
	}
	for _, velocity := range []bool{false, true} {
		work.Limit.StreamedFloats = 1 << 30
		want, steps := trained(velocity)
		if slices.Contains(steps, "transposed product, update") {
			t.Errorf("a small matrix is updated in blocks: %v", steps)
		}
		work.Limit.StreamedFloats = 1
		got, steps := trained(velocity)
		if !slices.Contains(steps, "transposed product, update") {
			t.Errorf("velocity %t: no merged step in %v", velocity, steps)
		}
		if !slices.Equal(got, want) {
			t.Errorf("velocity %t: merging changes the weights", velocity)
		}
	}
}
