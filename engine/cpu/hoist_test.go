package cpu

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// What depends on variables only is computed again when they change, and not
// before; what the program assigns is not.
func TestHoist(t *testing.T) {
	d := New(Options{Threads: 2})
	defer d.Close()
	compile := func(assign bool) (p program, a, b *graph.Variable) {
		a = &graph.Variable{Name: "a", Value: tensor.Full(2, 3)}
		b = &graph.Variable{Name: "b", Value: tensor.Full(5, 4)}
		g := graph.New()
		x := g.Input("x", 1, 7)
		joined := graph.Concat(0, g.Variable(a), g.Variable(b))
		if assign {
			g.Assign(g.Variable(a), graph.Add(g.Variable(a), g.Variable(a)))
		}
		compiled, err := d.Compile(g, graph.Mul(x, joined))
		if err != nil {
			t.Fatal(err)
		}
		return compiled.(program), a, b
	}
	run := func(p program) []float32 {
		out := tensor.New(1, 7)
		if err := p.Run(engine.Feeds{p.Inputs[0]: tensor.Full(1, 1, 7)}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		return out.Data()
	}
	hoisted := func(p program) (n int) {
		for _, s := range p.Steps() {
			if s.Name == "concat" && s.Once != nil {
				n++
			}
		}
		return n
	}
	p, a, _ := compile(false)
	if hoisted(p) != 2 {
		t.Fatalf("%d steps are hoisted, want the two that join", hoisted(p))
	}
	for range 2 {
		if got := run(p); !slices.Equal(got, []float32{2, 2, 2, 5, 5, 5, 5}) {
			t.Errorf("the product is %v", got)
		}
	}
	copy(a.Value.Data(), []float32{3, 3, 3})
	if got := run(p); got[0] != 2 {
		t.Errorf("computed again, though nobody said that a variable has changed: %v", got)
	}
	a.Changed()
	for range 2 {
		if got := run(p); !slices.Equal(got, []float32{3, 3, 3, 5, 5, 5, 5}) {
			t.Errorf("with a variable changed the product is %v", got)
		}
	}

	p, _, _ = compile(true)
	if n := hoisted(p); n > 1 {
		t.Errorf("%d steps are hoisted where a variable is assigned", n)
	}
	for _, want := range []float32{2, 4, 8} {
		if got := run(p); got[0] != want || got[6] != 5 {
			t.Errorf("with an assigned variable the product is %v, want %g first", got, want)
		}
	}
}
