package cpu

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// Convolutions that share their weights share the packed ones, if they pack them in the same form;
// all of them see weights that have changed.
func TestSharedWeights(t *testing.T) {
	w := &graph.Variable{Name: "w", Value: tensor.New(32, 32, 3, 3)}
	for i := range w.Value.Data() {
		w.Value.Data()[i] = float32(i%13)/200 - 0.025
	}
	kept := func(layers, stride int) (program, *graph.Node, *graph.Node) {
		g := graph.New()
		x := g.Input("x", 1, 32, 28, 28)
		y := x
		for i := range layers {
			s := 1
			if i == layers-1 {
				s = stride
			}
			y = graph.ReLU(graph.Conv2D(y, g.Variable(w), nil, graph.Window{Pad: [2]int{1, 1}, Stride: [2]int{s, s}}, 1))
		}
		p, err := New(Options{Threads: 2}).Compile(g, y)
		if err != nil {
			t.Fatal(err)
		}
		return p.(program), x, y
	}
	one, _, _ := kept(1, 1)
	strided, _, _ := kept(1, 2)
	if three, _, _ := kept(3, 1); three.KeptBytes() != one.KeptBytes() {
		t.Errorf("three layers keep %d bytes, one %d", three.KeptBytes(), one.KeptBytes())
	}
	if one.KeptBytes() == strided.KeptBytes() {
		t.Fatal("both forms are the same")
	}
	p, x, y := kept(3, 2)
	if p.KeptBytes() != one.KeptBytes()+strided.KeptBytes() {
		t.Errorf("layers of two forms keep %d bytes, want %d and %d", p.KeptBytes(), one.KeptBytes(), strided.KeptBytes())
	}
	feeds := engine.Feeds{x: tensor.Full(0.5, x.Shape()...)}
	for range 2 {
		got := tensor.New(y.Shape()...)
		if err := p.Run(feeds, []*tensor.Tensor{got}); err != nil {
			t.Fatal(err)
		}
		want, err := engine.Run(reference.New(), feeds, y)
		if err != nil {
			t.Fatal(err)
		}
		if !got.AllClose(want[0], 1e-4, 1e-5) {
			t.Error("another result than that of the reference")
		}
		w.Value.Data()[40] = 1
		w.Changed()
	}
}
