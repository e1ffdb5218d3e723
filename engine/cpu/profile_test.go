package cpu_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// smallNet has one layer of each kind that profiles tell apart.
func smallNet() nn.Layer {
	return nn.Sequential(nn.Conv2D(8, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(), nn.Linear(3))
}

// trainStep compiles a training step of the network and returns a function
// that runs it.
func trainStep(t *testing.T, d engine.Device, net nn.Layer, batch, side int, o optim.Optimizer) (engine.Program, func()) {
	t.Helper()
	model, err := nn.New(net, tensor.Shape{2, side, side}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := train.NewStepper(model, d, o)
	t.Cleanup(s.Close)
	p, err := s.Program(batch)
	if err != nil {
		t.Fatal(err)
	}
	b := &data.Batch{Images: tensor.Full(0.5, batch, 2, side, side), Labels: tensor.New(batch)}
	return p, func() {
		t.Helper()
		if _, _, err := s.Run(b, 0, 0.1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProfile(t *testing.T) {
	const batch, side = 4, 12
	p, run := trainStep(t, cpu.New(cpu.Options{Threads: 2}), smallNet(), batch, side, optim.SGD{Momentum: 0.9})
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	run()
	run()
	profile := stop()
	run() // is not counted
	if profile.Runs != 2 || profile.Threads != 2 || !(profile.Seconds() > 0) {
		t.Errorf("%d runs on %d threads, %v s", profile.Runs, profile.Threads, profile.Seconds())
	}
	conv, linear := int64(2*batch*8*side*side*2*9), int64(2*batch*3*8*36)
	want := map[[2]string]int64{
		{"convolution", "forward"}: conv, {"weight gradient", "backward"}: conv,
		{"product", "forward"}: linear, {"product", "backward"}: 2 * linear,
		{"normalisation", "forward"}: 0, {"normalisation", "backward"}: 0, {"pooling", "forward"}: 0, {"pooling", "backward"}: 0,
		{"loss", "forward"}: 0, {"loss", "backward"}: 0, {"packing", "forward"}: 0, {"update", "update"}: 0,
	}
	seconds, stages := 0.0, 0
	for _, k := range profile.Kinds() {
		if flops, ok := want[[2]string{k.Kind, k.Phase}]; ok {
			if k.FLOPs != flops {
				t.Errorf("%s, %s: %d operations, want %d", k.Kind, k.Phase, k.FLOPs, flops)
			}
			delete(want, [2]string{k.Kind, k.Phase})
		}
		if k.Bytes <= 0 {
			t.Errorf("%s, %s moves %d bytes", k.Kind, k.Phase, k.Bytes)
		}
		seconds += k.Seconds
		stages += k.Stages
	}
	if len(want) > 0 || stages != len(profile.Stages) || math.Abs(seconds/profile.Seconds()-1) > 1e-9 {
		t.Errorf("missing %v; %d stages of %d, %v s of %v", want, stages, len(profile.Stages), seconds, profile.Seconds())
	}
	for _, s := range profile.Stages {
		if s.FLOPs > 0 != (s.Algorithm != "") {
			t.Errorf("%s %s: %d operations by %q", s.Name, s.Node, s.FLOPs, s.Algorithm)
		}
	}
	profile.PeakGFLOPS = 100
	var b bytes.Buffer
	if err := profile.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Conv2DWeightGrad", "outer products", "The peak of 2 threads is 100 GFLOP/s", "100.0%"} {
		if !strings.Contains(b.String(), word) {
			t.Errorf("no %q in\n%s", word, b.String())
		}
	}
}

// Folded normalizations and biased products count as what they were made of.
func TestProfileOfInference(t *testing.T) {
	model, err := nn.New(smallNet(), tensor.Shape{2, 12, 12}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	trace, err := model.Trace(1, nn.Eval)
	if err != nil {
		t.Fatal(err)
	}
	p, err := cpu.New(cpu.Options{Threads: 1}).Compile(trace.Graph, trace.Output)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	flops := map[string]int64{}
	for _, s := range stop().Stages {
		flops[s.Kind] += s.FLOPs
		if s.Phase != "forward" || s.Seconds != 0 {
			t.Errorf("%s: %s, %v s", s.Name, s.Phase, s.Seconds)
		}
	}
	if want := int64(2 * 8 * 12 * 12 * 2 * 9); flops["convolution"] != want || flops["product"] != 2*3*8*36 {
		t.Errorf("%v, want %d in convolutions", flops, want)
	}
}

func TestTrace(t *testing.T) {
	p, run := trainStep(t, cpu.New(cpu.Options{Threads: 2}), smallNet(), 16, 32, optim.SGD{})
	stop, err := engine.StartTrace(p)
	if err != nil {
		t.Fatal(err)
	}
	run()
	run() // only one run is recorded
	var b bytes.Buffer
	if err := stop(&b); err != nil {
		t.Fatal(err)
	}
	type event struct {
		Name, Ph string
		Ts, Dur  float64
		Tid      int
		Args     map[string]string
	}
	var file struct{ TraceEvents []event }
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	tasks, rows := 0, []string{}
	ends := map[int]float64{} // of each row
	slices.SortFunc(file.TraceEvents, func(a, b event) int { return cmp.Compare(a.Ts, b.Ts) })
	for _, e := range file.TraceEvents {
		if e.Ph == "M" {
			rows = append(rows, e.Args["name"])
			continue
		}
		tasks++
		if e.Tid < 0 || e.Tid > 1 || e.Args["node"] == "" || e.Args["phase"] == "" {
			t.Errorf("slice %+v", e)
		}
		if e.Ts < ends[e.Tid]-0.001 { // times are written in microseconds with three decimals
			t.Errorf("worker %d began %s at %v, before %v", e.Tid, e.Name, e.Ts, ends[e.Tid])
		}
		ends[e.Tid] = e.Ts + e.Dur
	}
	want := 0
	stopProfile, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stopProfile().Stages {
		want += s.Tasks
	}
	slices.Sort(rows)
	if tasks != want || !slices.Equal(rows, []string{"worker 0", "worker 1"}) {
		t.Errorf("%d slices of %d tasks, rows %v", tasks, want, rows)
	}
}

func TestMemory(t *testing.T) {
	p, run := trainStep(t, cpu.New(cpu.Options{Threads: 2}), smallNet(), 16, 32, optim.SGD{Momentum: 0.9})
	use, err := engine.Memory(p)
	if err != nil {
		t.Fatal(err)
	}
	sum := int64(0)
	for i, r := range use.PeakBuffers {
		sum += r.Bytes
		if i > 0 && r.Bytes > use.PeakBuffers[i-1].Bytes || r.Stages < 1 || r.Node == "" {
			t.Errorf("buffer %d: %+v", i, r)
		}
	}
	image := int64(4 * 16 * 8 * 32 * 32) // what the convolution makes is there
	if sum != use.LiveBytes || use.PeakBuffers[0].Bytes != image || use.TotalBytes < sum+use.ScratchBytes || use.TotalBytes > 2*sum+use.ScratchBytes {
		t.Errorf("%+v: sum %d", use, sum)
	}
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	for _, s := range stop().Stages {
		most = max(most, s.MemoryBytes)
	}
	if most < use.LiveBytes || most > use.LiveBytes+use.ScratchBytes {
		t.Errorf("the stages need %d bytes at most, %d is live at the peak", most, use.LiveBytes)
	}
	run()
	var b bytes.Buffer
	if err := use.Write(&b); err != nil || !strings.Contains(b.String(), "last used by") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// A program that returns its input has no steps, but runs.
func TestProfileWithoutSteps(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 2)
	p, err := cpu.New(cpu.Options{}).Compile(g, x)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	stop, err := engine.StartProfile(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(engine.Feeds{x: tensor.New(2)}, []*tensor.Tensor{tensor.New(2)}); err != nil {
		t.Fatal(err)
	}
	if profile := stop(); profile.Runs != 1 || len(profile.Stages) != 0 {
		t.Errorf("%d runs of %d stages, want 1 of none", profile.Runs, len(profile.Stages))
	}
}

func TestProfileErrors(t *testing.T) {
	g := graph.New()
	y := graph.Exp(g.Input("x", 2))
	foreign, err := reference.New().Compile(g, y)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := cpu.New(cpu.Options{}).Compile(g, y)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for _, p := range []engine.Program{foreign, closed} {
		if _, err := engine.StartProfile(p); err == nil {
			t.Error("StartProfile: no error")
		}
		if _, err := engine.StartTrace(p); err == nil {
			t.Error("StartTrace: no error")
		}
		if _, err := engine.Memory(p); err == nil {
			t.Error("Memory: no error")
		}
	}
}
