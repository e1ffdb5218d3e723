package graph_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A trainingStep is a small network of all that can be computed again, with
// its gradients and an update.
type trainingStep struct {
	images, step *graph.Node
	vars         []*graph.Variable
	loss         *graph.Node
	named        map[string]*graph.Node
}

func newTrainingStep() *trainingStep {
	s := &trainingStep{named: map[string]*graph.Node{}}
	g := graph.New()
	r := rand.New(rand.NewPCG(1, 2))
	variable := func(shape ...int) *graph.Node {
		v := &graph.Variable{Name: fmt.Sprint("v", len(s.vars)), Value: tensor.New(shape...), Trainable: true}
		for i := range v.Value.Data() {
			v.Value.Data()[i] = float32(r.NormFloat64()) / 2
		}
		s.vars = append(s.vars, v)
		return g.Variable(v)
	}
	name := func(name string, n *graph.Node) *graph.Node {
		s.named[name] = n
		return n
	}
	s.images, s.step = g.Input("images", 2, 2, 8, 8), g.Input("step", 2)
	pad := graph.Window{Pad: [2]int{1, 1}}
	norm := func(label string, x *graph.Node) *graph.Node {
		c := x.Shape()[1]
		stats := graph.BatchStats(x)
		running := variable(2, c)
		g.Assign(running, graph.Add(graph.Mul(running, g.Scalar(0.5)), stats))
		return name(label, graph.ReLU(graph.BatchNorm(x, stats, variable(c), variable(c), 1e-5)))
	}
	x := norm("first", name("convolution", graph.Conv2D(s.images, variable(4, 2, 3, 3), nil, pad, 1)))
	branch := graph.Conv2D(x, variable(3, 4, 3, 3), variable(3), pad, 1)
	x = name("concat", graph.Concat(1, x, branch))
	x = norm("second", x)
	x = graph.Conv2D(x, variable(4, 7, 1, 1), nil, graph.Window{}, 1)
	x = graph.Dropout(name("pool", graph.MaxPool2D(x, [2]int{2, 2}, graph.Window{}, false)), s.step, 0.25, 7)
	x = graph.Add(x, graph.Conv2D(x, variable(4, 4, 3, 3), nil, pad, 1))
	x = graph.Sigmoid(x)
	x = graph.Linear(graph.Reshape(x, 2, 64), variable(3, 64), variable(3))
	s.loss = graph.Mean(graph.Mul(x, x))
	var params []*graph.Node
	for _, v := range s.vars {
		params = append(params, g.Variable(v))
	}
	for i, d := range graph.Gradients(s.loss, params...) {
		if !slices.ContainsFunc(g.Assignments(), func(a graph.Assignment) bool { return a.Variable == params[i] }) {
			g.Assign(params[i], graph.Sub(params[i], graph.Mul(d, g.Scalar(0.1))))
		}
	}
	return s
}

// run does three steps of a graph that is s's or a copy and returns the losses
// and the variables. The reference engine computes in float64.
func (s *trainingStep) run(t *testing.T, loss *graph.Node) (all []float32) {
	t.Helper()
	var old []*tensor.Tensor
	for _, v := range s.vars {
		old = append(old, v.Value.Clone())
	}
	p, err := reference.New().Compile(loss.Graph(), loss)
	if err != nil {
		t.Fatal(err)
	}
	images, number, out := tensor.New(s.images.Shape()...), tensor.New(2), tensor.New()
	inputs := loss.Graph().Inputs() // a copy has inputs of its own
	feeds := engine.Feeds{inputs[0]: images, inputs[1]: number}
	r := rand.New(rand.NewPCG(3, 4))
	for step := range 3 {
		for i := range images.Data() {
			images.Data()[i] = r.Float32()
		}
		number.Data()[1] = float32(step)
		if err := p.Run(feeds, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
		all = append(all, out.Data()[0])
	}
	for i, v := range s.vars {
		all = append(all, v.Value.Data()...)
		copy(v.Value.Data(), old[i].Data())
	}
	return all
}

func TestRematerialized(t *testing.T) {
	s := newTrainingStep()
	want := s.run(t, s.loss)
	for depth := range 5 {
		list := graph.Rematerializable(s.loss, depth)
		for k := range len(list) + 1 {
			drop := list[:k]
			g, of := graph.Rematerialized(s.loss, drop)
			if !slices.Equal(s.run(t, of(s.loss)), want) {
				t.Errorf("depth %d: dropping %v changes the weights", depth, drop)
			}
			for _, n := range g.Nodes()[of(s.loss).ID()+1:] {
				for _, in := range n.Inputs() {
					if slices.ContainsFunc(drop, func(d *graph.Node) bool { return of(d) == in }) {
						t.Errorf("depth %d: %v uses %v, which was dropped", depth, n, in)
					}
				}
			}
			if k > 0 && len(g.Nodes()) <= len(s.loss.Graph().Nodes()) {
				t.Errorf("depth %d: nothing is computed again", depth)
			}
		}
	}
	if len(s.loss.Graph().Nodes()) == 0 || s.loss.Graph().Assignments()[0].Value.Graph() != s.loss.Graph() {
		t.Error("the graph itself was changed")
	}
}

func TestRematerializable(t *testing.T) {
	s := newTrainingStep()
	has := func(depth int, name string) bool {
		return slices.Contains(graph.Rematerializable(s.loss, depth), s.named[name])
	}
	for _, c := range []struct {
		name   string
		depths []int
	}{
		{"convolution", nil},         // costly
		{"first", []int{1, 2, 3, 4}}, // from the convolution, which its normalization keeps
		{"concat", []int{2, 3, 4}},   // from first, and a small branch that is kept for it
		{"second", []int{1, 3, 4}},   // from concat, which depth 1 keeps
		{"pool", nil},                // not needed: dropout's gradient has no use for its argument
	} {
		for depth := 1; depth < 5; depth++ {
			if got, want := has(depth, c.name), slices.Contains(c.depths, depth); got != want {
				t.Errorf("%s, depth %d: %v, want %v", c.name, depth, got, want)
			}
		}
	}
	list := graph.Rematerializable(s.loss, 9)
	if !slices.IsSortedFunc(list, func(a, b *graph.Node) int { return b.Shape().Size() - a.Shape().Size() }) {
		t.Errorf("not the largest first: %v", list)
	}
	if graph.Rematerializable(s.loss, 0) != nil {
		t.Error("depth 0 allows something")
	}

	// ReLU needs its result only, so to drop that would keep its argument.
	g := graph.New()
	w := g.Variable(&graph.Variable{Name: "w", Value: tensor.New(2, 2, 3, 3)})
	x := g.Input("x", 1, 2, 8, 8)
	y := graph.ReLU(graph.Conv2D(x, w, nil, graph.Window{Pad: [2]int{1, 1}}, 1))
	loss := graph.Mean(graph.Conv2D(y, w, nil, graph.Window{}, 1))
	graph.Gradients(loss, w)
	if list := graph.Rematerializable(loss, 9); len(list) > 0 {
		t.Errorf("after a convolution alone: %v", list)
	}
}
