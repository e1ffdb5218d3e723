package xla

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// BenchmarkOverhead measures a run that updates 400 small variables, as many as the training of
// a ResNet-50 has: what it takes beside computing.
func BenchmarkOverhead(b *testing.B) {
	d := newTestDevice(b, Options{})
	g := graph.New()
	x := g.Input("x", 4)
	for range 400 {
		v := g.Variable(&graph.Variable{Name: "v", Value: tensor.New(4)})
		g.Assign(v, graph.Add(v, x))
	}
	y := graph.Sum(x)
	p, err := d.Compile(g, y)
	if err != nil {
		b.Fatal(err)
	}
	feeds, out := engine.Feeds{x: tensor.New(4)}, []*tensor.Tensor{tensor.New()}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Run(feeds, out); err != nil {
			b.Fatal(err)
		}
	}
}
