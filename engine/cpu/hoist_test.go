package cpu

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
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

// Of what is computed from variables in several steps, only the end is kept, and each change
// of a variable is seen: as where the weights of convolutions are standardized and scaled.
func TestHoistedIntermediates(t *testing.T) {
	ramp := func(shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		for i := range x.Data() {
			x.Data()[i] = float32((i*7)%19)/8 - 1
		}
		return x
	}
	d := New(Options{Threads: 2})
	defer d.Close()
	w := &graph.Variable{Name: "w", Value: ramp(16, 8, 3, 3)}
	gain := &graph.Variable{Name: "gain", Value: ramp(16, 1, 1, 1)}
	other := &graph.Variable{Name: "other", Value: ramp(16, 8, 1, 1)}
	g := graph.New()
	x := g.Input("x", 2, 8, 9, 9)
	centred := graph.Sub(g.Variable(w), graph.MeanKeep(g.Variable(w), 1, 2, 3))
	variance := graph.MeanKeep(graph.Mul(centred, centred), 1, 2, 3)
	standardized := graph.Mul(centred, graph.Pow(graph.Add(variance, g.Scalar(1e-5)), -0.5))
	window := graph.Window{Pad: [2]int{1, 1}}
	y := graph.Conv2D(x, graph.Mul(standardized, g.Variable(gain)), nil, window, 1)
	z := graph.Conv2D(x, graph.Mul(standardized, g.Variable(other)), nil, window, 1)
	compiled, err := d.Compile(g, y, z)
	if err != nil {
		t.Fatal(err)
	}
	p := compiled.(program)
	once := 0
	for _, s := range p.Steps() {
		if s.Once == nil {
			continue
		}
		once++
		for _, b := range s.Writes {
			if b.Persistent && s.Name != "pack" {
				t.Errorf("what step %s of %v computes is kept", s.Name, s.Node)
			}
		}
	}
	if once < 5 {
		t.Errorf("%d steps are hoisted: want several for each of the weights", once)
	}
	in := ramp(2, 8, 9, 9)
	check := func(what string) {
		t.Helper()
		want, err := engine.Run(reference.New(), engine.Feeds{x: in}, y, z)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got := []*tensor.Tensor{tensor.New(2, 16, 9, 9), tensor.New(2, 16, 9, 9)}
			if err := p.Run(engine.Feeds{x: in}, got); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !got[i].AllClose(want[i], 1e-4, 1e-4) {
					t.Errorf("%s: result %d differs from the reference", what, i)
				}
			}
		}
	}
	check("at first")
	for _, v := range []*graph.Variable{gain, other, w, gain} {
		for i := range v.Value.Data() {
			v.Value.Data()[i] += float32(i%5) / 4
		}
		v.Changed()
		check("with another " + v.Name)
	}
}
