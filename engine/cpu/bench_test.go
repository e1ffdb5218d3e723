package cpu_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// lenetProgram compiles LeNet's training step or its inference.
func lenetProgram(b testing.TB, d engine.Device, batch int, train bool) (p engine.Program, in engine.Feeds, out []*tensor.Tensor) {
	b.Helper()
	spec, err := zoo.Get("lenet")
	if err != nil {
		b.Fatal(err)
	}
	m, err := spec.Model(0)
	if err != nil {
		b.Fatal(err)
	}
	mode := nn.Eval
	if train {
		mode = nn.Train
	}
	t, err := m.Trace(batch, mode)
	if err != nil {
		b.Fatal(err)
	}
	outputs := []*graph.Node{t.Output}
	if train {
		labels, lr := t.Graph.Input("labels", batch), t.Graph.Input("lr")
		loss := graph.Mean(graph.CrossEntropy(t.Output, labels))
		var params []*graph.Node
		for _, v := range m.Parameters() {
			params = append(params, t.Graph.Variable(v))
		}
		var state optim.State
		optim.SGD{}.Update(t.Graph, lr, params, graph.Gradients(loss, params...), &state)
		outputs = []*graph.Node{loss}
	}
	if p, err = d.Compile(t.Graph, outputs...); err != nil {
		b.Fatal(err)
	}
	in = engine.Feeds{}
	r := rng.New(0, "bench")
	for i, n := range t.Graph.Inputs() {
		x := tensor.New(n.Shape()...)
		switch {
		case i == 0:
			rng.Uniform(r, x.Data(), 0, 1)
		case n.Shape().Size() == 1:
			x.Data()[0] = 0.1
		default:
			for j := range x.Data() {
				x.Data()[j] = float32(r.IntN(10))
			}
		}
		in[n] = x
	}
	for _, n := range outputs {
		out = append(out, tensor.New(n.Shape()...))
	}
	return p, in, out
}

// BenchmarkLeNet measures a training step and inference. With
// STRIDE_BENCH_PROFILE set it prints where the time goes.
func BenchmarkLeNet(b *testing.B) {
	for _, c := range []struct {
		batch, threads int
		train          bool
	}{{256, 1, true}, {256, 2, true}, {256, 1, false}, {256, 2, false}, {1, 1, false}} {
		b.Run(fmt.Sprintf("train=%v/batch=%d/threads=%d", c.train, c.batch, c.threads), func(b *testing.B) {
			p, in, out := lenetProgram(b, cpu.New(cpu.Options{Threads: c.threads}), c.batch, c.train)
			run := func() {
				if err := p.Run(in, out); err != nil {
					b.Fatal(err)
				}
			}
			for range 5 {
				run()
			}
			if os.Getenv("STRIDE_BENCH_PROFILE") != "" {
				stop, err := engine.StartProfile(p)
				if err != nil {
					b.Fatal(err)
				}
				defer func() { stop().Write(os.Stdout) }()
			}
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(c.batch)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
