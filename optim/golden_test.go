package optim_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// readJSON reads a file of testdata/make_golden.py.
func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run is a training run of testdata/make_golden.py.
type run struct {
	Name      string
	Optimizer json.RawMessage
	ClipNorm  float32 `json:"clip_norm"`
	ClipValue float32 `json:"clip_value"`
	EMA       optim.EMA
	Steps     []struct {
		Rate, Loss float64
		Values     []float64 // of x and y, and of their averages
	}
}

// optimizer makes the run's optimizer.
func (r run) optimizer(t *testing.T) optim.Optimizer {
	var kind struct{ Kind string }
	if err := json.Unmarshal(r.Optimizer, &kind); err != nil {
		t.Fatal(err)
	}
	var o optim.Optimizer
	fill := func(v any) {
		if err := json.Unmarshal(r.Optimizer, v); err != nil {
			t.Fatal(err)
		}
	}
	switch kind.Kind {
	case "SGD":
		v := optim.SGD{}
		fill(&v)
		o = v
	case "Adam":
		v := optim.Adam{}
		fill(&v)
		o = v
	case "AdamW":
		v := optim.AdamW{}
		fill(&v)
		o = v
	case "RMSprop", "RMSpropTF":
		v := optim.RMSprop{TensorFlow: kind.Kind == "RMSpropTF"}
		fill(&v)
		o = v
	case "LAMB":
		v := optim.LAMB{}
		fill(&v)
		o = v
	case "LARS":
		v := optim.LARS{}
		fill(&v)
		o = v
	case "Groups": // y, with two axes, decays
		o = optim.Groups{Of: optim.AdamW{WeightDecay: 0.1}, NoDecay: true, Rates: []optim.LayerRate{{Layers: "x", Rate: 0.25}}}
	default:
		t.Fatalf("unknown optimizer %s", r.Optimizer)
	}
	if r.ClipNorm != 0 {
		o = optim.ClipNorm{Max: r.ClipNorm, Of: o}
	}
	if r.ClipValue != 0 {
		o = optim.ClipValue{Max: r.ClipValue, Of: o}
	}
	return o
}

func TestOptimizersAgreeWithPyTorch(t *testing.T) {
	var runs []run
	readJSON(t, "optimizers.json", &runs)
	if len(runs) < 35 {
		t.Fatalf("%d runs", len(runs))
	}
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 1})} {
		for _, r := range runs {
			o := r.optimizer(t)
			t.Run(device.Name()+"/"+o.String(), func(t *testing.T) { follow(t, device, o, r) })
		}
	}
}

// follow does the steps of a run.
func follow(t *testing.T, device engine.Device, o optim.Optimizer, r run) {
	x := &graph.Variable{Name: "x", Value: vector(1, -2, 0.5), Trainable: true}
	y := &graph.Variable{Name: "y", Value: tensor.Must(vector(0.25, -1.5).Reshape(1, 2)), Trainable: true}
	p := newStep(t, device, o, r.EMA, x, y)
	for i, s := range r.Steps {
		loss := p.run(t, uint64(i), float32(s.Rate))
		got := append(append([]float32{float32(loss)}, x.Value.Data()...), y.Value.Data()...)
		if r.EMA.Decay != 0 {
			got = append(append(got, p.state.Copy(x, "ema").Value.Data()...), p.state.Copy(y, "ema").Value.Data()...)
		}
		want := append([]float64{s.Loss}, s.Values...)
		if len(got) != len(want) {
			t.Fatalf("%d values, want %d", len(got), len(want))
		}
		for j, want := range want {
			if math.Abs(float64(got[j])-want) > 4e-6*max(1, math.Abs(want)) {
				t.Errorf("step %d, value %d: %v, PyTorch has %v", i, j, got[j], want)
			}
		}
	}
}

// A step is a training step on ½·(a·x−1)² + Σ y⁴/4.
type step struct {
	rate, weight *graph.Node
	program      engine.Program
	state        optim.State
	ema          optim.EMA
}

func newStep(t testing.TB, device engine.Device, o optim.Optimizer, ema optim.EMA, x, y *graph.Variable) *step {
	t.Helper()
	s := &step{ema: ema}
	g := graph.New()
	s.rate = g.Input("lr")
	nx, ny := g.Variable(x), g.Variable(y)
	e := graph.Sub(graph.Sum(graph.Mul(g.Constant(vector(2, 1, -3)), nx)), g.Scalar(1))
	y2 := graph.Mul(ny, ny)
	loss := graph.Add(graph.Mul(graph.Mul(e, e), g.Scalar(0.5)), graph.Mul(graph.Sum(graph.Mul(y2, y2)), g.Scalar(0.25)))
	params := []*graph.Node{nx, ny}
	o.Update(g, s.rate, params, graph.Gradients(loss, params...), &s.state)
	if ema.Decay != 0 {
		s.weight = g.Input("weight")
		ema.Update(g, s.weight, []*graph.Variable{x, y}, &s.state)
	}
	p, err := device.Compile(g, loss)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	s.program = p
	return s
}

func (s *step) run(t testing.TB, number uint64, rate float32) (loss float32) {
	feeds := engine.Feeds{s.rate: tensor.Scalar(rate)}
	if s.weight != nil {
		feeds[s.weight] = tensor.Scalar(s.ema.Weight(number))
	}
	out := tensor.Scalar(0)
	if err := s.program.Run(feeds, []*tensor.Tensor{out}); err != nil {
		t.Fatal(err)
	}
	return out.Data()[0]
}

// schedules are the schedulers of testdata/make_golden.py.
type schedules struct {
	Base      float64
	Schedules []struct {
		Kind     string
		Settings json.RawMessage
		Warmup   *optim.Warmup
		Steps    int
		Rates    []float64
	}
	Plateaus []struct {
		Settings optim.Plateau
		Values   []float64
		Higher   bool
		Rates    []float64
	}
}

func TestSchedulesAgreeWithPyTorch(t *testing.T) {
	var golden schedules
	readJSON(t, "schedules.json", &golden)
	for _, c := range golden.Schedules {
		var s optim.Schedule
		fill := func(v any) {
			if err := json.Unmarshal(c.Settings, v); err != nil {
				t.Fatal(err)
			}
		}
		switch c.Kind {
		case "Constant":
			s = optim.Constant{}
		case "Step":
			v := optim.Step{}
			fill(&v)
			s = v
		case "MultiStep":
			v := optim.MultiStep{}
			fill(&v)
			s = v
		case "Cosine":
			v := optim.Cosine{}
			fill(&v)
			s = v
		case "Polynomial":
			v := optim.Polynomial{}
			fill(&v)
			s = v
		case "Exponential":
			v := optim.Exponential{}
			fill(&v)
			s = v
		case "OneCycle":
			v := optim.OneCycle{}
			fill(&v)
			s = v
		default:
			t.Fatalf("unknown schedule %s", c.Kind)
		}
		if c.Warmup != nil {
			c.Warmup.Then = s
			s = *c.Warmup
		}
		length := optim.Run{Steps: c.Steps, StepsPerEpoch: 1}
		t.Run(s.Describe(length), func(t *testing.T) {
			if err := optim.CheckSchedule(s); err != nil {
				t.Fatal(err)
			}
			if len(c.Rates) < 10 {
				t.Fatalf("%d rates", len(c.Rates))
			}
			for i, want := range c.Rates {
				if got := s.Rate(golden.Base, uint64(i), length); math.Abs(got-want) > 1e-12+1e-9*want {
					t.Errorf("step %d: rate %v, PyTorch has %v", i, got, want)
				}
			}
		})
	}
	for _, c := range golden.Plateaus {
		t.Run("plateau, "+c.Settings.String(), func(t *testing.T) {
			for i, want := range c.Rates {
				if got := golden.Base * c.Settings.Scale(c.Values[:i], c.Higher); math.Abs(got-want) > 1e-9*want {
					t.Errorf("epoch %d: rate %v, PyTorch has %v", i, got, want)
				}
			}
			if c.Settings.Check() != nil || c.Rates[0] == c.Rates[len(c.Rates)-1] {
				t.Error("nothing changes")
			}
		})
	}
}

// In a run of more than one step an epoch, epochs are counted all the same.
func TestStepsOfAnEpoch(t *testing.T) {
	length := optim.Run{Steps: 40, StepsPerEpoch: 4}
	for _, c := range []struct {
		schedule optim.Schedule
		step     uint64
		want     float64
	}{
		{optim.Constant{}, 39, 1},
		{optim.Step{Every: 3}, 11, 1},
		{optim.Step{Every: 3}, 12, 0.1},
		{optim.MultiStep{After: []int{3}}, 12, 0.1},
		{optim.Cosine{}, 20, 0.5},
		{optim.Cosine{Min: 0.5}, 40, 0.5},
		{optim.Polynomial{}, 30, 0.25},
		{optim.Exponential{Factor: 0.5}, 2, math.Sqrt(0.5)},
		{optim.Warmup{Epochs: 0.5, From: 0.5}, 1, 0.75},
		{optim.Warmup{Epochs: 5, Then: optim.Cosine{}}, 30, 0.5},
		{optim.OneCycle{}, 11, 1},
		{optim.OneCycle{}, 100, 1 / 25e4},
		{optim.ScheduleFunc(func(step uint64) float32 { return float32(step) / 4 }), 3, 0.75},
	} {
		if got := c.schedule.Rate(1, c.step, length); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: rate %v in step %d, want %v", c.schedule.Describe(length), got, c.step, c.want)
		}
	}
	// One that ends with the run names its length, others do not.
	if a, b := (optim.Cosine{}).Describe(length), (optim.Cosine{}).Describe(optim.Run{Steps: 44, StepsPerEpoch: 4}); a == b {
		t.Errorf("%q for 10 and for 11 epochs", a)
	}
	if got := (optim.Warmup{Epochs: 2, Then: optim.Cosine{Min: 0.01}}).Describe(length); got != "warm-up from 0.01 in 2 epochs, then cosine over 8 epochs, minimum 0.01" {
		t.Error(got)
	}
}

// Short runs have rates, too.
func TestShortRuns(t *testing.T) {
	for steps := range 4 {
		length := optim.Run{Steps: steps, StepsPerEpoch: 1}
		for _, s := range []optim.Schedule{optim.OneCycle{}, optim.OneCycle{Linear: true}, optim.Cosine{}, optim.Polynomial{},
			optim.Warmup{Epochs: 3, Then: optim.OneCycle{}}, optim.Step{Every: 1}} {
			for step := range uint64(5) {
				if got := s.Rate(1, step, length); !(got >= 0 && got <= 1) {
					t.Errorf("%s: rate %v in step %d of %d", s.Describe(length), got, step, steps)
				}
			}
		}
	}
}
