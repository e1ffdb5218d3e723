package cpu

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// partsNet compiles a small network for a batch, and returns the weights of its
// convolution.
func partsNet(t *testing.T, d *Device, batch int) (program, *graph.Variable) {
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
	return p.(program), w
}

func runParts(t *testing.T, p program, batch int) []float32 {
	t.Helper()
	in, out := tensor.New(batch, 3, 9, 9), tensor.New(batch, 10)
	for i := range in.Data() {
		in.Data()[i] = float32(i%29)/15 - 1
	}
	if err := p.Run(engine.Feeds{p.Inputs[0]: in}, []*tensor.Tensor{out}); err != nil {
		t.Fatal(err)
	}
	return out.Data()
}

// Workers that compute parts of a batch alone compute the same bits, however
// many they are, and see weights that change.
func TestReplicas(t *testing.T) {
	const batch = 24
	var want, changed []float32
	for threads := 1; threads <= 5; threads++ {
		d := New(Options{Threads: threads})
		p, w := partsNet(t, d, batch)
		if replicas := len(p.Replicas()); replicas > 1 != exec.Evenly(p.Parts, threads) || replicas != 1 && replicas != threads || p.Parts < 2 {
			t.Errorf("%d threads, %d parts: %d replicas", threads, p.Parts, replicas)
		}
		first := runParts(t, p, batch) // packs weights
		if threads == 1 {
			want = first
		}
		for range 3 {
			if got := runParts(t, p, batch); !slices.Equal(got, want) || !slices.Equal(first, want) {
				t.Errorf("%d threads compute something else", threads)
			}
		}
		w.Value.Data()[5] = 3
		w.Changed()
		got := runParts(t, p, batch)
		if threads == 1 {
			changed = got
		}
		if !slices.Equal(got, changed) || slices.Equal(got, want) || !slices.Equal(runParts(t, p, batch), changed) {
			t.Errorf("%d threads compute something else when a weight has changed", threads)
		}
		if err := d.Close(); err != nil { // one thread is left
			t.Fatal(err)
		}
		if !slices.Equal(runParts(t, p, batch), changed) {
			t.Errorf("%d threads: a closed device computes something else", threads)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// meet makes each worker wait in its first part for the others, so that all do a
// part: left to themselves, one of them might do all.
func meet(t *testing.T, p program) {
	var there sync.WaitGroup
	there.Add(len(p.Replicas()))
	for _, q := range p.Replicas() {
		last := &q.Steps()[len(q.Steps())-1]
		run, arrive := last.Run, sync.OnceFunc(func() {
			there.Done()
			all := make(chan bool)
			go func() { there.Wait(); close(all) }()
			select {
			case <-all:
			case <-time.After(time.Minute):
				t.Error("a worker does all parts while others wait")
			}
		})
		last.Run = func(task int, scratch []float32) {
			arrive()
			run(task, scratch)
		}
	}
}

// Statistics of a variable are computed once, for all replicas: neither their
// partial sums nor their totals run again.
func TestReplicasShareStatistics(t *testing.T) {
	defer func(was work.Limits) { work.Limit = was }(work.Limit)
	work.Limit.CacheFloats, work.Limit.GrainShift = 1, 6 // several partial sums
	const batch = 8
	d := New(Options{Threads: 2})
	defer d.Close()
	g := graph.New()
	x := g.Input("x", batch, 3, 9, 9)
	variable := func(shape ...int) *graph.Node { return g.Variable(&graph.Variable{Name: "v", Value: ramp(shape...)}) }
	y := graph.BatchNormInference(x, graph.BatchStats(variable(50, 3, 2, 2)), variable(3), variable(3), 1e-5)
	compiled, err := d.Compile(g, graph.MatMul(graph.Mean(y, 2, 3), variable(3, 10)))
	if err != nil {
		t.Fatal(err)
	}
	defer compiled.Close()
	p := compiled.(program)
	if len(p.Replicas()) != 2 {
		t.Fatalf("%d replicas, want 2", len(p.Replicas()))
	}
	for _, s := range p.Steps() {
		if (s.Name == "column sums" || s.Name == "column totals") && s.Once == nil {
			t.Errorf("%s run again", s.Name)
		}
	}
	want := runParts(t, p, batch) // by all workers together
	meet(t, p)
	if got := runParts(t, p, batch); !slices.Equal(got, want) {
		t.Errorf("replicas compute %v, want %v", got, want)
	}
}

// A profile has the time of all steps, a trace a row for each worker.
func TestProfileOfReplicas(t *testing.T) {
	const batch = 24
	d := New(Options{Threads: 2})
	defer d.Close()
	p, _ := partsNet(t, d, batch)
	defer p.Close()
	runParts(t, p, batch)
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runParts(t, p, batch)
	}
	profile := stop()
	for i, s := range profile.Stages {
		if (s.Seconds == 0) != (p.Steps()[i].Once != nil) {
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
	meet(t, p)
	runParts(t, p, batch)
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	var file struct {
		TraceEvents []struct {
			Type   string `json:"ph"`
			Thread int    `json:"tid"`
		}
	}
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
