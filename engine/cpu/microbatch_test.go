package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A batch has the same results whether it is computed at once or in microbatches.
func TestMicrobatch(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	const batch = 6
	r := rand.New(rand.NewPCG(3, 4))
	random := func(shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		for i := range x.Data() {
			x.Data()[i] = float32(r.NormFloat64())
		}
		return x
	}
	w := &graph.Variable{Name: "w", Value: random(4, 3, 3, 3)}
	images := random(batch, 3, 8, 8)
	var want *tensor.Tensor
	for _, test := range []struct{ cache, parts int }{{0, 1}, {1 << 20, 2}, {2 * 450, 3}, {450, 3}} {
		g := graph.New()
		x := g.Input("x", batch, 3, 8, 8)
		y := graph.ReLU(graph.Conv2D(x, g.Variable(w), nil, graph.Window{Pad: [2]int{1, 1}}, 1))
		work.Limit.CacheFloats = test.cache
		d := New(Options{Threads: 2})
		p, err := d.Compile(g, y)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.(program).Parts; got != test.parts {
			t.Errorf("cache of %d: %d parts, want %d", test.cache, got, test.parts)
		}
		got := tensor.New(y.Shape()...)
		for range 2 {
			if err := p.Run(engine.Feeds{x: images}, []*tensor.Tensor{got}); err != nil {
				t.Fatal(err)
			}
		}
		if want == nil {
			want = got
		} else if !got.AllClose(want, 1e-6, 1e-6) {
			t.Errorf("cache of %d: other results", test.cache)
		}
		p.Close()
	}
}

// The graph of a microbatch lacks the nodes that no output needs, so that its
// nodes have other numbers.
func TestProfileOfMicrobatches(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.CacheFloats = 1
	g := graph.New()
	x := g.Input("x", 8, 3)
	unneeded := x
	for range 9 {
		unneeded = graph.Exp(unneeded)
	}
	y := graph.Tanh(graph.MatMul(x, g.Variable(&graph.Variable{Name: "w", Value: tensor.Full(1, 3, 3)})))
	d := New(Options{Threads: 1})
	defer d.Close()
	p, err := d.Compile(g, y)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.(program).Parts == 1 {
		t.Fatal("not in parts")
	}
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stop().Stages {
		if s.Phase != "forward" {
			t.Errorf("%s of %s is %s, want forward", s.Name, s.Node, s.Phase)
		}
	}
}
