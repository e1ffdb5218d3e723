package optim_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// run is a training run of testdata/make_golden.py.
type run struct {
	Momentum    float32 `json:"momentum"`
	Nesterov    bool    `json:"nesterov"`
	WeightDecay float32 `json:"weight_decay"`
	Steps       []struct {
		Rate float32   `json:"rate"`
		Loss float64   `json:"loss"`
		X    []float64 `json:"x"`
		Y    []float64 `json:"y"`
	} `json:"steps"`
}

func vector(v ...float32) *tensor.Tensor { return tensor.Must(tensor.FromSlice(v, len(v))) }

func TestSGDAgreesWithPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var runs []run
	if err := json.Unmarshal(b, &runs); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		o := optim.SGD{Momentum: r.Momentum, Nesterov: r.Nesterov, WeightDecay: r.WeightDecay}
		t.Run(o.String(), func(t *testing.T) {
			x := &graph.Variable{Name: "x", Value: vector(1, -2, 0.5), Trainable: true}
			y := &graph.Variable{Name: "y", Value: tensor.Must(vector(0.25, -1.5).Reshape(1, 2)), Trainable: true}
			var state optim.State
			rate, program := step(t, o, &state, x, y)
			loss := tensor.Scalar(0)
			for i, s := range r.Steps {
				if err := program.Run(engine.Feeds{rate: tensor.Scalar(s.Rate)}, []*tensor.Tensor{loss}); err != nil {
					t.Fatal(err)
				}
				got := append(append([]float32{loss.Data()[0]}, x.Value.Data()...), y.Value.Data()...)
				for j, want := range append(append([]float64{s.Loss}, s.X...), s.Y...) {
					if math.Abs(float64(got[j])-want) > 2e-6*max(1, math.Abs(want)) {
						t.Errorf("step %d, value %d: %v, PyTorch has %v", i, j, got[j], want)
					}
				}
			}
			want := ""
			if o.Momentum != 0 {
				want = "x.momentum_buffer y.momentum_buffer"
			}
			var names []string
			for _, v := range state.Variables() {
				names = append(names, v.Name)
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("state %q, want %q", got, want)
			}
		})
	}
}

// step compiles a training step on ½·(a·x−1)² + Σ y⁴/4, which takes the
// learning rate as its input.
func step(t *testing.T, o optim.Optimizer, state *optim.State, x, y *graph.Variable) (rate *graph.Node, program engine.Program) {
	t.Helper()
	g := graph.New()
	lr := g.Input("lr")
	nx, ny := g.Variable(x), g.Variable(y)
	e := graph.Sub(graph.Sum(graph.Mul(g.Constant(vector(2, 1, -3)), nx)), g.Scalar(1))
	y2 := graph.Mul(ny, ny)
	loss := graph.Add(graph.Mul(graph.Mul(e, e), g.Scalar(0.5)), graph.Mul(graph.Sum(graph.Mul(y2, y2)), g.Scalar(0.25)))
	params := []*graph.Node{nx, ny}
	o.Update(g, lr, params, graph.Gradients(loss, params...), state.Variable)
	p, err := reference.New().Compile(g, loss)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return lr, p
}

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

func TestUpdateErrors(t *testing.T) {
	nan := float32(math.NaN())
	for _, test := range []struct {
		name string
		o    optim.SGD
		args func(g *graph.Graph, p *graph.Node) (lr *graph.Node, params, grads []*graph.Node)
		want string
	}{
		{name: "nesterov", o: optim.SGD{Nesterov: true}, want: "Nesterov needs a momentum"},
		{name: "momentum", o: optim.SGD{Momentum: -1}, want: "momentum must be a number of at least 0, got -1"},
		{name: "decay", o: optim.SGD{WeightDecay: nan}, want: "weight decay must be a number of at least 0, got NaN"},
		{name: "lr", want: "must be a scalar, got shape 3", args: func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
			return p, nil, nil
		}},
		{name: "count", want: "1 parameters have 0 gradients", args: func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
			return g.Scalar(1), []*graph.Node{p}, nil
		}},
		{name: "shape", want: `parameter "p" has shape 3, its gradient scalar`, args: func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
			return g.Scalar(1), []*graph.Node{p}, []*graph.Node{g.Scalar(1)}
		}},
		{name: "variable", want: "is not a variable", args: func(g *graph.Graph, p *graph.Node) (*graph.Node, []*graph.Node, []*graph.Node) {
			return g.Scalar(1), []*graph.Node{graph.Neg(p)}, []*graph.Node{p}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := func() (err error) {
				defer graph.Catch(&err)
				g := graph.New()
				p := g.Variable(&graph.Variable{Name: "p", Value: tensor.New(3)})
				lr, params, grads := g.Scalar(1), []*graph.Node{p}, []*graph.Node{p}
				if test.args != nil {
					lr, params, grads = test.args(g, p)
				}
				test.o.Update(g, lr, params, grads, new(optim.State).Variable)
				return nil
			}()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestString(t *testing.T) {
	for want, o := range map[string]optim.SGD{
		"sgd": {},
		"sgd, momentum 0.9, nesterov, weight decay 0.0005": {Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
	} {
		if o.String() != want {
			t.Errorf("got %q, want %q", o, want)
		}
	}
}

func TestConstant(t *testing.T) {
	s := optim.Constant(0.9)
	if s(0) != 0.9 || s(1<<40) != 0.9 {
		t.Error("a constant schedule changes")
	}
}
