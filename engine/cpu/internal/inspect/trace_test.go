package inspect

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A trace has a slice for each task as long as there is room, and one for the
// whole of each other step.
func TestTraceIsBounded(t *testing.T) {
	steps := []exec.Step{{Tasks: 3}, {Tasks: 40}, {Tasks: 2}, {Tasks: 1}}
	for _, c := range []struct {
		most   int
		first  []int
		slices int
	}{
		{100, []int{0, 3, 43, 45}, 46},
		{46, []int{0, 3, 43, 45}, 46},
		{45, []int{0, 3, -1, 44}, 45},
		{5, []int{-1, -1, 2, 4}, 5},
		{1, []int{-1, -1, -1, -1}, 4},
	} {
		tr := newTrace(steps, c.most, time.Now())
		if !slices.Equal(tr.first, c.first) || len(tr.slices) != c.slices {
			t.Errorf("room for %d: steps start at %v, %d slices; want %v, %d", c.most, tr.first, len(tr.slices), c.first, c.slices)
		}
	}
}

// A sleeper is a program of steps that take some time and compute nothing: a
// layout conversion, an exponential and a sum, of 3, 8 and 1 tasks. With several
// parts, all workers wait for each other in the first step of the first part that
// each does.
type sleeper struct {
	*exec.Program
	x, exp, y *graph.Node

	mu   sync.Mutex
	done time.Time // when the last worker had done its first part
}

func newSleeper(t *testing.T, workers *exec.Workers, parts int) *sleeper {
	t.Helper()
	g := graph.New()
	s := &sleeper{x: g.Input("x", parts)}
	s.exp = graph.Exp(s.x)
	s.y = graph.Mul(s.exp, s.exp)
	replicated := exec.Evenly(parts, workers.Size())
	var there sync.WaitGroup
	there.Add(workers.Size())
	plan := func() (*exec.Plan, error) {
		in, a, b := &exec.Buffer{Size: 1}, &exec.Buffer{Size: 4, Arena: true}, &exec.Buffer{Size: 2, Arena: true}
		meet := sync.OnceFunc(func() {
			if replicated {
				there.Done()
				there.Wait()
			}
		})
		sleep := func(int, []float32) {
			meet()
			time.Sleep(50 * time.Microsecond)
		}
		first := sync.OnceFunc(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.done = time.Now()
		})
		last := func(int, []float32) {
			sleep(0, nil)
			first()
		}
		return &exec.Plan{
			Steps: []exec.Step{
				{Name: "layout", Node: s.x, Tasks: 3, Run: sleep, Reads: []*exec.Buffer{in}, Writes: []*exec.Buffer{a}},
				{Name: "elementwise", Node: s.exp, Tasks: 8, Run: sleep, Reads: []*exec.Buffer{a}, Writes: []*exec.Buffer{b}, Scratch: 100},
				{Name: "sum", Node: s.y, Tasks: 1, Run: last, Reads: []*exec.Buffer{b}, Writes: []*exec.Buffer{b}},
			},
			Arena: []*exec.Buffer{a, b}, Inputs: []*exec.Buffer{in}, Outputs: []exec.Output{{Node: s.y, Buf: b, Size: 1}},
		}, nil
	}
	again := plan
	if !replicated {
		again = nil
	}
	first, _ := plan()
	binding := exec.Binding{Inputs: []*graph.Node{s.x}, Outputs: []*graph.Node{s.y}, Parts: parts}
	var err error
	if s.Program, err = exec.New(workers, binding, first, again); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *sleeper) run(t *testing.T) {
	t.Helper()
	n := s.x.Shape()[0]
	if err := s.Run(engine.Feeds{s.x: tensor.New(n)}, []*tensor.Tensor{tensor.New(n)}); err != nil {
		t.Fatal(err)
	}
}

// slicesOf returns the slices of a trace as it is written.
func slicesOf(t *testing.T, trace []byte) (list []traceEvent) {
	t.Helper()
	var file struct{ TraceEvents []traceEvent }
	if err := json.Unmarshal(trace, &file); err != nil {
		t.Fatal(err)
	}
	for _, e := range file.TraceEvents {
		if e.Type == "X" {
			list = append(list, e)
		}
	}
	return list
}

func TestTraceOfWholeSteps(t *testing.T) {
	workers := exec.NewWorkers(2)
	defer workers.Close()
	p := newSleeper(t, workers, 1)
	defer p.Close()
	n := len(p.Steps())
	o := &observer{workers: workers, times: make([]time.Duration, n), trace: newTrace(p.Steps(), 1, time.Now())}
	if err := p.Observe(func(*exec.Program) exec.Observer { return o }); err != nil {
		t.Fatal(err)
	}
	p.run(t)
	var b bytes.Buffer
	p.Unobserve(func() {
		if err := o.trace.write(&b, profileOf(p.Program, o)); err != nil {
			t.Fatal(err)
		}
	})
	whole := 0
	for _, e := range slicesOf(t, b.Bytes()) {
		if strings.HasPrefix(e.Args["task"].(string), "all ") && e.Duration > 0 {
			whole++
		}
	}
	if whole != n {
		t.Errorf("%d slices for %d steps in\n%s", whole, n, b.String())
	}
}

// Where workers compute parts of a batch alone, a trace has the first part that
// each of them did, and a profile the mean of their times.
func TestTraceOfReplicas(t *testing.T) {
	workers := exec.NewWorkers(2)
	defer workers.Close()
	p := newSleeper(t, workers, 4)
	defer p.Close()
	if len(p.Replicas()) != 2 {
		t.Fatalf("%d replicas, want 2", len(p.Replicas()))
	}
	begin := time.Now()
	stop, err := StartTrace(p.Program)
	if err != nil {
		t.Fatal(err)
	}
	p.run(t)
	p.run(t) // is not recorded
	var b bytes.Buffer
	if err := stop(&b); err != nil {
		t.Fatal(err)
	}
	recorded := map[int]int{} // slices of each worker
	for _, e := range slicesOf(t, b.Bytes()) {
		recorded[e.Thread]++
		if start := begin.Add(time.Duration(1e3 * e.Start)); start.After(p.done) {
			t.Errorf("%s begins %v after the first parts are done", e.Name, start.Sub(p.done))
		}
	}
	if tasks := 3 + 8 + 1; len(recorded) != 2 || recorded[0] != tasks || recorded[1] != tasks {
		t.Errorf("the trace has slices of workers %v, want %d of both", recorded, tasks)
	}
}

// A profile has the time of each step of the runs until it is stopped.
func TestProfile(t *testing.T) {
	for _, parts := range []int{1, 4} {
		workers := exec.NewWorkers(2)
		p := newSleeper(t, workers, parts)
		stop, err := StartProfile(p.Program)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		p.run(t)
		p.run(t)
		took := time.Since(begin).Seconds()
		profile := stop()
		p.run(t) // is not counted
		if profile.Runs != 2 || profile.Threads != 2 {
			t.Errorf("%d parts: %d runs on %d threads, want 2 on 2", parts, profile.Runs, profile.Threads)
		}
		if seconds := profile.Seconds(); 2*seconds > took {
			t.Errorf("%d parts: 2 runs of %v s within %v s", parts, seconds, took)
		}
		for i, want := range []engine.Stage{
			{Name: "layout", Kind: "copies", Tasks: 3, Bytes: 2 * 4, MemoryBytes: 4 * 4},
			{Name: "elementwise", Kind: "elementwise", Tasks: 8, Bytes: (4 + 2) * 4, MemoryBytes: (4 + 2 + 2*100) * 4},
			{Name: "sum", Kind: "elementwise", Tasks: 1, Bytes: (2 + 2) * 4, MemoryBytes: 2 * 4},
		} {
			s := profile.Stages[i]
			want.Bytes *= int64(parts)
			if parts > 1 { // a buffer for each worker
				scratch := int64(0)
				if i == 1 {
					scratch = 2 * 100 * 4
				}
				want.MemoryBytes = 2*(want.MemoryBytes-scratch) + scratch
			}
			if s.Name != want.Name || s.Kind != want.Kind || s.Phase != "forward" || s.Tasks != want.Tasks || s.Bytes != want.Bytes || s.MemoryBytes != want.MemoryBytes || s.FLOPs != 0 {
				t.Errorf("%d parts, stage %d: %+v, want %+v", parts, i, s, want)
			}
			least := 50e-6 * float64(parts) * float64(want.Tasks) / 2 // by two workers
			if s.Seconds < least {
				t.Errorf("%d parts: %s takes %v s, at least %v", parts, s.Name, s.Seconds, least)
			}
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		workers.Close()
	}
}

// What needs the memory at the peak, the largest buffers first.
func TestMemory(t *testing.T) {
	workers := exec.NewWorkers(2)
	defer workers.Close()
	p := newSleeper(t, workers, 1)
	use, err := Memory(p.Program)
	if err != nil {
		t.Fatal(err)
	}
	want := []engine.PeakBuffer{
		{Name: "layout", Node: p.x.String(), Bytes: 16, Stages: 2, Last: "elementwise " + p.exp.String()},
		{Name: "elementwise", Node: p.exp.String(), Bytes: 8, Stages: 2, Last: "sum " + p.y.String()},
	}
	if use.At != "elementwise "+p.exp.String() || use.LiveBytes != 24 || !slices.Equal(use.PeakBuffers, want) {
		t.Errorf("%+v, want %+v", use, want)
	}
	if use.TotalBytes != p.MemoryBytes() || use.ScratchBytes != 2*4*int64(p.ScratchFloats()) {
		t.Errorf("%d bytes, %d of them scratch; the program says %d and %d floats a worker", use.TotalBytes, use.ScratchBytes, p.MemoryBytes(), p.ScratchFloats())
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Memory(p.Program); err == nil {
		t.Error("a closed program: no error")
	}
}
