package cpu

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A normalization with fixed statistics becomes part of the convolution
// before it, is right, and follows changes of any variable it is made of.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		name               string
		in, out, groups    int
		bias, second, fold bool
	}{
		{"plain", 5, 17, 1, true, false, true},
		{"without bias", 5, 6, 1, false, false, true},
		{"groups", 4, 6, 2, true, false, true},
		{"depthwise", 8, 8, 8, true, false, true},
		{"depthwise without bias", 8, 8, 8, false, false, true},
		{"second user", 5, 7, 1, true, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, r := graph.New(), rng.New(1, "fold test")
			variable := func(lo float32, shape ...int) *graph.Node {
				v := tensor.New(shape...)
				rng.Uniform(r, v.Data(), lo, 1)
				return g.Variable(&graph.Variable{Name: "v", Value: v})
			}
			x := g.Input("x", 2, c.in, 7, 6)
			w := variable(-1, c.out, c.in/c.groups, 3, 3)
			var b *graph.Node
			if c.bias {
				b = variable(-1, c.out)
			}
			conv := graph.Conv2D(x, w, b, graph.Window{Pad: [2]int{1, 1}}, c.groups)
			stats := graph.Concat(0, variable(-1, 1, c.out), variable(0.1, 1, c.out))
			outputs := []*graph.Node{graph.ReLU(graph.BatchNormInference(conv, stats, variable(-1, c.out), variable(-1, c.out), 1e-5))}
			if c.second {
				outputs = append(outputs, graph.Tanh(conv))
			}
			if got := slices.Contains(stepsOf(t, g, outputs), "fold"); got != c.fold {
				t.Errorf("folded: %v, want %v", got, c.fold)
			}
			images := tensor.New(x.Shape()...)
			rng.Normal(r, images.Data(), 0, 1)
			device := New(Options{Threads: 2})
			enginetest.Graph(t, device, engine.Feeds{x: images}, outputs...)

			p, err := device.Compile(g, outputs...)
			if err != nil {
				t.Fatal(err)
			}
			var got []*tensor.Tensor
			for _, n := range outputs {
				got = append(got, tensor.New(n.Shape()...))
			}
			for _, n := range g.Variables() {
				v := n.Op().(graph.VariableOp).Variable
				v.Value.Data()[0] += 0.25
				v.Changed()
				if err := p.Run(engine.Feeds{x: images}, got); err != nil {
					t.Fatal(err)
				}
				fresh, err := New(Options{Threads: 1}).Compile(g, outputs...)
				if err != nil {
					t.Fatal(err)
				}
				want := tensor.New(outputs[0].Shape()...)
				rest := append([]*tensor.Tensor{want}, got[1:]...)
				if err := fresh.Run(engine.Feeds{x: images}, rest); err != nil {
					t.Fatal(err)
				}
				if !got[0].Equal(want) {
					t.Errorf("the change of a variable of shape %v was not noticed", v.Value.Shape())
				}
			}
		})
	}
}

// A convolution of constants with one pixel and one channel is itself a constant for each
// channel: its sum with itself and its square have nothing to fold it with.
func TestFoldWithItself(t *testing.T) {
	g := graph.New()
	variable := func(shape ...int) *graph.Node {
		v := tensor.New(shape...)
		rng.Uniform(rng.New(1, "fold test"), v.Data(), -1, 1)
		return g.Variable(&graph.Variable{Name: "v", Value: v})
	}
	for _, f := range []func(a, b *graph.Node) *graph.Node{graph.Add, graph.Mul} {
		y := graph.Conv2D(variable(1, 1, 1, 1), variable(1, 1, 3, 3), nil, graph.Window{Pad: [2]int{1, 1}}, 1)
		enginetest.Graph(t, New(Options{Threads: 2}), engine.Feeds{}, f(y, y))
	}
}
