package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

func vector(v ...float32) *tensor.Tensor { return tensor.Must(tensor.FromSlice(v, len(v))) }

// Two graphs, say for two batch sizes, share the state.
func TestStateIsShared(t *testing.T) {
	p := &graph.Variable{Name: "p", Value: tensor.Full(2, 3), Trainable: true}
	var s optim.State
	a, b := s.Variable(p, "momentum_buffer", 0.5), s.Variable(p, "momentum_buffer", 0.5)
	if a != b || a.Name != "p.momentum_buffer" || a.Trainable || !a.Value.Equal(tensor.Full(0.5, 3)) || len(s.Variables()) != 1 {
		t.Errorf("%+v, %+v", a, b)
	}
	// A parameter of another model may have the same name.
	if c := s.Variable(&graph.Variable{Name: "p", Value: tensor.New(2)}, "momentum_buffer", 0); c == a || !c.Value.Equal(tensor.New(2)) {
		t.Errorf("two parameters of one name share %+v", c)
	}
}

// each is one of each optimizer.
var each = []optim.Optimizer{
	optim.SGD{Momentum: 0.9}, optim.Adam{}, optim.AdamW{WeightDecay: 0.1}, optim.RMSprop{Momentum: 0.9, Centered: true},
	optim.RMSprop{TensorFlow: true}, optim.LAMB{WeightDecay: 0.1}, optim.LARS{WeightDecay: 0.1, AdaptAll: true}, optim.ClipNorm{Max: 1, Of: optim.Adam{}},
	optim.ClipValue{Max: 1, Of: optim.SGD{}}, optim.Groups{Of: optim.Adam{}, NoDecay: true},
}

func TestUpdateErrors(t *testing.T) {
	nan := float32(math.NaN())
	type args = func(g *graph.Graph, p *graph.Node) (lr *graph.Node, params, grads []*graph.Node)
	type test struct {
		o    optim.Optimizer
		args args
		want string
	}
	tests := []test{
		{o: optim.SGD{Nesterov: true}, want: "Nesterov needs a momentum"},
		{o: optim.SGD{Momentum: -1}, want: "momentum must be a number of at least 0, got -1"},
		{o: optim.SGD{WeightDecay: nan}, want: "weight decay must be a number of at least 0, got NaN"},
		{o: optim.Adam{Betas: [2]float32{1, 0.9}}, want: "the first beta must be at least 0 and below 1, got 1"},
		{o: optim.Adam{WeightDecay: -1}, want: "weight decay"},
		{o: optim.AdamW{Betas: [2]float32{0, nan}}, want: "the second beta must be at least 0 and below 1, got NaN"},
		{o: optim.AdamW{Eps: -1}, want: "eps must be"},
		{o: optim.LAMB{WeightDecay: nan}, want: "weight decay"},
		{o: optim.LARS{Momentum: 1}, want: "momentum must be at least 0 and below 1, got 1"},
		{o: optim.LARS{Trust: nan}, want: "trust must be"},
		{o: optim.RMSprop{Alpha: 1}, want: "alpha must be"},
		{o: optim.RMSprop{Momentum: -1}, want: "momentum must be"},
		{o: optim.ClipNorm{Of: optim.SGD{}}, want: "the greatest norm must be a number above 0, got 0"},
		{o: optim.ClipValue{Max: nan, Of: optim.SGD{}}, want: "the greatest value must be a number above 0, got NaN"},
		{o: optim.Groups{Of: optim.SGD{}, Rates: []optim.LayerRate{{Rate: -1}}}, want: "the learning rate of p must be a multiple above 0, got -1"},
		{o: optim.Groups{Of: optim.SGD{}, Depth: optim.DepthRates{Params: []*graph.Variable{}, To: 1}}, want: "want multiples above 0, got 0 to 1"},
		{o: optim.Groups{Of: fake("own"), NoDecay: true}, want: "weight decay cannot be left out for own"},
		{o: optim.Groups{}, want: "lacks that one"},
	}
	for _, o := range each {
		tests = append(tests,
			test{o, func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
				return p, nil, nil
			}, "must be a scalar, got shape 3"},
			test{o, func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
				return g.Scalar(1), []*graph.Node{p}, nil
			}, "1 parameters have 0 gradients"},
			test{o, func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
				return g.Scalar(1), []*graph.Node{p}, []*graph.Node{g.Scalar(1)}
			}, `parameter "p" has shape 3, its gradient scalar`},
			test{o, func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
				return g.Scalar(1), []*graph.Node{graph.Neg(p)}, []*graph.Node{p}
			}, "is not a variable"},
		)
	}
	for _, test := range tests {
		err := func() (err error) {
			defer graph.Catch(&err)
			g := graph.New()
			p := g.Variable(&graph.Variable{Name: "p", Value: tensor.New(3)})
			lr, params, grads := g.Scalar(1), []*graph.Node{p}, []*graph.Node{p}
			if test.args != nil {
				lr, params, grads = test.args(g, p)
			}
			test.o.Update(g, lr, params, grads, new(optim.State))
			return nil
		}()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%T: error %v, want %q", test.o, err, test.want)
		}
	}
}

func TestString(t *testing.T) {
	params := []*graph.Variable{{Name: "p", Value: tensor.New(1)}}
	for want, o := range map[string]optim.Optimizer{
		"sgd": optim.SGD{},
		"sgd, momentum 0.9, nesterov, weight decay 0.0005":                optim.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
		"adam, betas 0.9 0.999, eps 1e-08":                                optim.Adam{},
		"adamw, betas 0.8 0.9, eps 0.001, weight decay 0.1":               optim.AdamW{Betas: [2]float32{0.8, 0.9}, Eps: 1e-3, WeightDecay: 0.1},
		"lars, momentum 0.9, trust 0.001, weight decay 0.0005, adapt all": optim.LARS{WeightDecay: 0.0005, AdaptAll: true},
		"lamb, betas 0.9 0.999, eps 1e-06, always adapt, trust clip":      optim.LAMB{AlwaysAdapt: true, TrustClip: true},
		"rmsprop, alpha 0.99, eps 1e-08":                                  optim.RMSprop{},
		"rmsprop, tensorflow, alpha 0.9, eps 1e-10, momentum 0.9, centered, weight decay 0.1": optim.RMSprop{
			TensorFlow: true, Momentum: 0.9, Centered: true, WeightDecay: 0.1},
		"sgd, rate of all layers 0.1, rate of a.b 2, rates by depth 0.01 to 0.1, no decay of biases and norms, clip value 0.5, clip norm 1": optim.ClipNorm{
			Max: 1, Of: optim.ClipValue{Max: 0.5, Of: optim.Groups{
				Of: optim.SGD{}, NoDecay: true, Rates: []optim.LayerRate{{Rate: 0.1}, {Layers: "a.b", Rate: 2}},
				Depth: optim.DepthRates{Params: params, From: 0.01, To: 0.1},
			}}},
		"decay 0.9998, warm-up": fake(optim.EMA{Decay: 0.9998, Warmup: true}.String()),
		"decay 0.9":             fake(optim.EMA{Decay: 0.9}.String()),
		"":                      fake(optim.EMA{}.String()),
		"factor 0.1, patience 3, threshold 0.0001, cooldown 2, minimum 0.01": fake(optim.Plateau{Patience: 3, Cooldown: 2, Min: 0.01}.String()),
	} {
		if o.String() != want {
			t.Errorf("got %q, want %q", o, want)
		}
	}
}

// fake is an optimizer of another package, by its description alone.
type fake string

func (f fake) String() string { return string(f) }

func (fake) Update(*graph.Graph, *graph.Node, []*graph.Node, []*graph.Node, *optim.State) {}

func TestGroupRates(t *testing.T) {
	var params []*graph.Variable
	for _, name := range []string{"stem.weight", "stem.bias", "blocks.0.weight", "blocks.1.weight", "blocks.10.weight", "head.weight", "head.bias"} {
		params = append(params, &graph.Variable{Name: name, Value: tensor.New(2, 2)})
	}
	o := optim.Groups{
		Of:    optim.SGD{},
		Rates: []optim.LayerRate{{Layers: "blocks.1", Rate: 3}, {Layers: "head", Rate: 1}},
		Depth: optim.DepthRates{Params: params, From: 0.01, To: 0.1},
	}
	if err := optim.Check(optim.ClipNorm{Max: 1, Of: o}, params); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"stem.weight": 0.01, "stem.bias": 0.01, "blocks.0.weight": 0.01 * math.Pow(10, 0.25), "blocks.1.weight": 3,
		"blocks.10.weight": 0.01 * math.Pow(10, 0.75), "head.weight": 1, "head.bias": 1,
	} {
		if got := o.Rate(name); math.Abs(float64(got)-want) > 1e-7*want {
			t.Errorf("%s has rate %v, want %v", name, got, want)
		}
	}
	o.Rates = nil
	if got := o.Rate("head.bias"); got != 0.1 {
		t.Errorf("the last layer has rate %v", got)
	}
	for want, bad := range map[string]optim.Optimizer{
		`no parameters in "block"`:         optim.Groups{Of: optim.SGD{}, Rates: []optim.LayerRate{{Layers: "block", Rate: 1}}},
		"of head: want a multiple above 0": optim.ClipValue{Max: 1, Of: optim.Groups{Of: optim.SGD{}, Rates: []optim.LayerRate{{Layers: "head"}}}},
		"lacks that one":                   optim.ClipNorm{Max: 1},
	} {
		if err := optim.Check(bad, params); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Where weight decay is left out, a parameter without a gradient stays as it is.
func TestNoDecay(t *testing.T) {
	for _, of := range []optim.Optimizer{
		optim.SGD{WeightDecay: 0.5}, optim.Adam{WeightDecay: 0.5}, optim.AdamW{WeightDecay: 0.5},
		optim.RMSprop{WeightDecay: 0.5}, optim.LAMB{WeightDecay: 0.5}, optim.LARS{WeightDecay: 0.5},
	} {
		g := graph.New()
		var nodes, grads []*graph.Node
		variables := map[string]*graph.Variable{}
		for name, shape := range map[string]tensor.Shape{"conv.weight": {2, 2}, "bn.weight": {2}, "bn.bias": {2}, "odd.bias": {2, 2}} {
			v := &graph.Variable{Name: name, Value: tensor.Full(1, shape...), Trainable: true}
			variables[name] = v
			nodes = append(nodes, g.Variable(v))
			grads = append(grads, graph.Broadcast(g.Scalar(0), shape...))
		}
		optim.Groups{Of: of, NoDecay: true}.Update(g, g.Scalar(0.5), nodes, grads, new(optim.State))
		p, err := reference.New().Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Run(nil, nil); err != nil {
			t.Fatal(err)
		}
		p.Close()
		for name, v := range variables {
			if changed := v.Value.Data()[0] != 1; changed != (name == "conv.weight") {
				t.Errorf("%v: %s is %v", of, name, v.Value.Data()[0])
			}
		}
	}
}

// The bias correction is right to a few units in the last place, at any step.
func TestBiasCorrectionIsExact(t *testing.T) {
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 1})} {
		p := &graph.Variable{Name: "p", Value: vector(0), Trainable: true}
		var state optim.State
		g := graph.New()
		lr, node := g.Input("lr"), g.Variable(p)
		// With g = 1 and moments of 0, p becomes −lr·(1−β₁)/(1−β₁ᵗ)·√(1−β₂ᵗ)/√(1−β₂).
		optim.Adam{}.Update(g, lr, []*graph.Node{node}, []*graph.Node{g.Constant(vector(1))}, &state)
		program, err := device.Compile(g)
		if err != nil {
			t.Fatal(err)
		}
		defer program.Close()
		for _, step := range []float64{1, 2, 3, 10, 100, 1000, 1e4, 1e5, 999_999, 1e6, 1 << 24, 1<<24 + 1} {
			for _, v := range state.Variables() {
				clear(v.Value.Data())
				if strings.HasSuffix(v.Name, ".step") {
					v.Value.Data()[0] = float32(step - 1)
				}
				v.Changed()
			}
			clear(p.Value.Data())
			p.Changed()
			if err := program.Run(engine.Feeds{lr: tensor.Scalar(1)}, nil); err != nil {
				t.Fatal(err)
			}
			want := -(1 - 0.9) / (1 - math.Pow(0.9, step)) * math.Sqrt((1-math.Pow(0.999, step))/(1-0.999))
			if got := float64(p.Value.Data()[0]); math.Abs(got/want-1) > 1e-6 {
				t.Errorf("%s, step %v: the update is %v, want %v (off by %.2g)", device.Name(), step, got, want, got/want-1)
			}
			if count := state.Scalar(p, "step", 0).Value.Data()[0]; float64(count) != min(step, 1<<24) {
				t.Errorf("%s, step %v: counted as %v", device.Name(), step, count)
			}
		}
	}
}

// Steps allocate nothing, and the number of threads changes no bit.
func TestUpdateOfALargeTensor(t *testing.T) {
	const size = 200_001
	for _, o := range each {
		var first []float32
		for _, threads := range []int{1, 2} {
			p := &graph.Variable{Name: "p", Value: tensor.New(size), Trainable: true}
			for i := range p.Value.Data() {
				p.Value.Data()[i] = float32(i%97) - 40
			}
			var state optim.State
			g := graph.New()
			lr, node := g.Input("lr"), g.Variable(p)
			loss := graph.Sum(graph.Mul(graph.Mul(node, node), graph.Sigmoid(node)))
			params := []*graph.Node{node}
			o.Update(g, lr, params, graph.Gradients(loss, params...), &state)
			program, err := cpu.New(cpu.Options{Threads: threads}).Compile(g, loss)
			if err != nil {
				t.Fatal(err)
			}
			feeds, out := engine.Feeds{lr: tensor.Scalar(0.01)}, []*tensor.Tensor{tensor.Scalar(0)}
			run := func() {
				if err := program.Run(feeds, out); err != nil {
					t.Fatal(err)
				}
			}
			if allocs := testing.AllocsPerRun(3, run); allocs > 0 {
				t.Errorf("%v: %v allocations a step", o, allocs)
			}
			program.Close()
			if first == nil {
				first = p.Value.Data()
			} else if !slices.Equal(first, p.Value.Data()) {
				t.Errorf("%v: other bits with %d threads", o, threads)
			}
		}
	}
}

func TestSwap(t *testing.T) {
	v := &graph.Variable{Name: "p", Value: vector(1, 2)}
	var state optim.State
	average := state.Copy(v, "ema")
	average.Value.Data()[0] = 5
	version := v.Version()
	e := optim.EMA{Decay: 0.9}
	e.Swap([]*graph.Variable{v}, &state)
	if !slices.Equal(v.Value.Data(), []float32{5, 2}) || !slices.Equal(average.Value.Data(), []float32{1, 2}) || v.Version() == version {
		t.Errorf("%v, %v", v.Value.Data(), average.Value.Data())
	}
	e.Swap([]*graph.Variable{v}, &state)
	optim.EMA{}.Swap([]*graph.Variable{v}, new(optim.State))
	if !slices.Equal(v.Value.Data(), []float32{1, 2}) {
		t.Errorf("back: %v", v.Value.Data())
	}
}

// A variable that the graph does not change has an average that does not change.
func TestEMAOfConstants(t *testing.T) {
	v := &graph.Variable{Name: "p", Value: vector(0.1, 0.2)}
	var state optim.State
	g := graph.New()
	optim.EMA{Decay: 0.9}.Update(g, g.Scalar(0.1), []*graph.Variable{v}, &state)
	if n := len(g.Assignments()); n != 0 || len(state.Variables()) != 1 || state.Variables()[0].Name != "p.ema" {
		t.Errorf("%d assignments, state %v", n, state.Variables())
	}
}

func TestSettingErrors(t *testing.T) {
	nan := float32(math.NaN())
	for want, err := range map[string]error{
		"the decay must be at least 0 and below 1, got 1":       optim.EMA{Decay: 1}.Check(),
		"the decay must be at least 0 and below 1, got NaN":     optim.EMA{Decay: nan}.Check(),
		"a warm-up needs a decay":                               optim.EMA{Warmup: true}.Check(),
		"the factor must be at least 0 and below 1, got 2":      optim.Plateau{Factor: 2}.Check(),
		"patience -1 and cooldown 0: neither can be negative":   optim.Plateau{Patience: -1}.Check(),
		"the threshold must be at least 0 and below 1, got -1":  optim.Plateau{Threshold: -1}.Check(),
		"the minimum must be from 0 to 1, got 2":                optim.Plateau{Min: 2}.Check(),
		"a step every 0 epochs":                                 optim.CheckSchedule(optim.Step{}),
		"the factor of a step must be a number above 0, got -1": optim.CheckSchedule(optim.Step{Every: 1, Factor: -1}),
		"a step after 0 epochs":                                 optim.CheckSchedule(optim.MultiStep{After: []int{0}}),
		"the minimum of the cosine must be from 0 to 1, got -1": optim.CheckSchedule(optim.Cosine{Min: -1}),
		"the power must be a number above 0, got -1":            optim.CheckSchedule(optim.Polynomial{Power: -1}),
		"the factor of an epoch must be a number above 0":       optim.CheckSchedule(optim.Exponential{}),
		"one cycle needs a rise":                                optim.CheckSchedule(optim.OneCycle{Rise: 1}),
		"the length of the warm-up must be":                     optim.CheckSchedule(optim.Warmup{}),
		"the beginning of the warm-up must be":                  optim.CheckSchedule(optim.Warmup{Epochs: 1, From: 2}),
		"schedule: one cycle":                                   optim.CheckSchedule(optim.Warmup{Epochs: 1, Then: optim.OneCycle{Div: 0.5}}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := optim.CheckSchedule(nil); err != nil {
		t.Error(err)
	}
}
