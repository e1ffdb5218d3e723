package cpu_test

import (
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// Parameters are updated as soon as their gradients are there, so these are
// never in memory all at once.
func TestUpdatesAreEarly(t *testing.T) {
	layers := []nn.Layer{nn.Flatten()}
	for range 8 {
		layers = append(layers, nn.Linear(512), nn.ReLU())
	}
	const weights = 4 * 512 * 512
	p, run := trainStep(t, cpu.New(cpu.Options{Threads: 1}), nn.Sequential(append(layers, nn.Linear(2))...), 1, 16, optim.SGD{Momentum: 0.9})
	use, err := engine.Memory(p)
	if err != nil {
		t.Fatal(err)
	}
	// Neither packed weights nor gradients are ever in memory as a whole.
	if use.TotalBytes > weights {
		t.Errorf("%d bytes of memory for layers of %d", use.TotalBytes, weights)
	}
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	run()
	phases := []string{}
	for _, s := range stop().Stages {
		phases = append(phases, s.Phase)
	}
	last := len(phases) - 1 - slices.Index(reversed(phases), "backward")
	if first := slices.Index(phases, "update"); first < 0 || first > last {
		t.Errorf("the first update is stage %d, the last backward stage %d", first, last)
	}
}

func reversed(s []string) []string {
	r := slices.Clone(s)
	slices.Reverse(r)
	return r
}

// All reads of a variable in a run see its old value, wherever the update is
// scheduled.
func TestUpdatesAndOldValues(t *testing.T) {
	build := func() (*graph.Graph, []*graph.Variable, []*graph.Node) {
		g := graph.New()
		a := &graph.Variable{Name: "a", Value: tensor.Full(2, 3, 3)}
		b := &graph.Variable{Name: "b", Value: tensor.Full(5, 3, 3)}
		m := &graph.Variable{Name: "m", Value: tensor.Full(1, 3, 3)}
		na, nb, nm := g.Variable(a), g.Variable(b), g.Variable(m)
		x := g.Input("x", 3, 3)
		early := graph.Add(na, x)       // can be done at once …
		late := graph.MatMul(early, na) // … but a is read here
		moment := graph.Add(graph.Mul(nm, g.Scalar(0.5)), late)
		g.Assign(na, graph.Sub(na, x))                     // needs nothing but the input
		g.Assign(nm, moment)                               // is read again
		g.Assign(nb, graph.Sub(na, graph.Mul(moment, nb))) // reads two that change
		return g, []*graph.Variable{a, b, m}, []*graph.Node{late, graph.Mul(na, g.Scalar(3)), graph.MatMul(nb, nm)}
	}
	results := func(d engine.Device) (all []float32) {
		g, vars, outputs := build()
		p, err := d.Compile(g, outputs...)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		in := tensor.New(3, 3)
		for i := range in.Data() {
			in.Data()[i] = float32(i) / 8
		}
		var out []*tensor.Tensor
		for range outputs {
			out = append(out, tensor.New(3, 3))
		}
		for range 2 {
			if err := p.Run(engine.Feeds{g.Inputs()[0]: in}, out); err != nil {
				t.Fatal(err)
			}
			for _, o := range out {
				all = append(all, o.Data()...)
			}
			for _, v := range vars {
				all = append(all, v.Value.Data()...)
			}
		}
		return all
	}
	if got, want := results(cpu.New(cpu.Options{Threads: 2})), results(reference.New()); !slices.Equal(got, want) { // exact in both: small multiples of powers of two
		t.Errorf("got %v, want %v", got, want)
	}
}
