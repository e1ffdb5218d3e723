package cpu

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// crewNet compiles a small network for a batch, and returns the weights of its
// convolution.
func crewNet(t *testing.T, d *Device, batch int) (*program, *graph.Variable) {
	t.Helper()
	ramp := func(shape ...int) *tensor.Tensor {
		x := tensor.New(shape...)
		for i := range x.Data() {
			x.Data()[i] = float32(i%17)/8 - 1
		}
		return x
	}
	w, v := &graph.Variable{Name: "w", Value: ramp(16, 3, 3, 3)}, &graph.Variable{Name: "v", Value: ramp(10, 16)}
	g := graph.New()
	x := g.Input("x", batch, 3, 9, 9)
	y := graph.ReLU(graph.Conv2D(x, g.Variable(w), nil, graph.Window{Pad: [2]int{1, 1}}, 1))
	pooled := graph.Reshape(graph.AdaptiveAvgPool2D(y, 1, 1), batch, 16)
	p, err := d.Compile(g, graph.MatMul(pooled, graph.Transpose(g.Variable(v), 1, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return p.(*program), w
}

func runCrew(t *testing.T, p *program, batch int) []float32 {
	t.Helper()
	in, out := tensor.New(batch, 3, 9, 9), tensor.New(batch, 10)
	for i := range in.Data() {
		in.Data()[i] = float32(i%29)/15 - 1
	}
	if err := p.Run(engine.Feeds{p.inputs[0]: in}, []*tensor.Tensor{out}); err != nil {
		t.Fatal(err)
	}
	return out.Data()
}

// Workers that compute parts of a batch alone compute the same bits, however
// many they are, and see weights that change.
func TestCrew(t *testing.T) {
	const batch = 24
	var want, changed []float32
	for threads := 1; threads <= 5; threads++ {
		d := New(Options{Threads: threads})
		p, w := crewNet(t, d, batch)
		if crew := p.crew != nil; crew != evenly(p.parts, threads) || p.parts < 2 {
			t.Errorf("%d threads, %d parts: workers alone: %v", threads, p.parts, crew)
		}
		first := runCrew(t, p, batch) // packs weights
		if threads == 1 {
			want = first
		}
		for range 3 {
			if got := runCrew(t, p, batch); !slices.Equal(got, want) || !slices.Equal(first, want) {
				t.Errorf("%d threads compute something else", threads)
			}
		}
		w.Value.Data()[5] = 3
		w.Changed()
		got := runCrew(t, p, batch)
		if threads == 1 {
			changed = got
		}
		if !slices.Equal(got, changed) || slices.Equal(got, want) || !slices.Equal(runCrew(t, p, batch), changed) {
			t.Errorf("%d threads compute something else when a weight has changed", threads)
		}
		if err := d.Close(); err != nil { // one thread is left
			t.Fatal(err)
		}
		if !slices.Equal(runCrew(t, p, batch), changed) {
			t.Errorf("%d threads: a closed device computes something else", threads)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A profile has the time of all steps, a trace a row for each worker.
func TestProfileOfCrew(t *testing.T) {
	const batch = 24
	d := New(Options{Threads: 2})
	defer d.Close()
	p, _ := crewNet(t, d, batch)
	defer p.Close()
	runCrew(t, p, batch)
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runCrew(t, p, batch)
	}
	profile := stop()
	for i, s := range profile.Stages {
		if (s.Seconds == 0) != (p.steps[i].pack != nil) {
			t.Errorf("%s of %s takes %g s", s.Name, s.Node, s.Seconds)
		}
	}
	if profile.Runs != 3 {
		t.Errorf("%d runs, want 3", profile.Runs)
	}
	write, err := engine.StartTrace(p)
	if err != nil {
		t.Fatal(err)
	}
	// Each worker does one part; left to themselves one might do both.
	in, out := tensor.New(batch, 3, 9, 9), tensor.New(batch, 10)
	c := p.crew
	c.inputs, c.outputs = []*tensor.Tensor{in}, []*tensor.Tensor{out}
	for worker, scratch := range c.scratch {
		c.run(worker, scratch)
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	var file struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	recorded := map[int]int{} // slices of each worker
	for _, e := range file.TraceEvents {
		if e.Type == "X" {
			recorded[e.Thread]++
		}
	}
	if len(recorded) != 2 || recorded[0] == 0 || recorded[0] != recorded[1] {
		t.Errorf("the trace has slices of workers %v, want as many of both", recorded)
	}
}
