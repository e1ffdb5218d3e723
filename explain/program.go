package explain

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A task is a kind of computation.
type task int

const (
	// scoring computes the scores.
	scoring task = iota
	// features computes the output of a layer.
	features
	// camming computes the scores, the output of a layer, and the derivative of a weighted sum of
	// the scores with respect to that.
	camming
	// pixels computes the scores and the derivative of a weighted sum of them with respect to the
	// input.
	pixels
	// guided is pixels by guided backpropagation.
	guided
	// unit computes the output of a layer, and the derivative of a weighted sum of its elements with
	// respect to the input.
	unit
)

// A key names a program.
type key struct {
	task  task
	layer string
	batch int
}

// A program is compiled for a key.
type program struct {
	key     key
	program engine.Program
	x       *graph.Node
	weights *graph.Node // of the sum of which the derivative is taken; nil if there is none
	outputs []*graph.Node
}

// run computes a program for a batch of inputs, and weights if the program has such. It returns new tensors.
func (m *Model) run(ctx context.Context, k key, x, weights *tensor.Tensor) ([]*tensor.Tensor, error) {
	defer runtime.KeepAlive(m) // and with it the programs
	k.batch = x.Shape()[0]
	if err := m.state.enter(ctx); err != nil {
		return nil, err
	}
	defer m.state.leave()
	p, err := m.program(k)
	if err != nil {
		return nil, err
	}
	feeds := engine.Feeds{p.x: x}
	if p.weights != nil {
		feeds[p.weights] = weights
	}
	results := make([]*tensor.Tensor, len(p.outputs))
	for i, n := range p.outputs {
		results[i] = tensor.New(n.Shape()...)
	}
	if err := p.program.Run(feeds, results); err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	return results, nil
}

// program returns the program for a key, which it compiles if need be. The caller has the turn.
func (m *Model) program(k key) (*program, error) {
	s := m.state
	if i := slices.IndexFunc(s.kept, func(p *program) bool { return p.key == k }); i >= 0 {
		p := s.kept[i]
		s.kept = append(slices.Delete(s.kept, i, i+1), p)
		return p, nil
	}
	p, err := m.build(k)
	if err != nil {
		return nil, err
	}
	g := p.outputs[0].Graph()
	if p.program, err = s.device.Compile(g, p.outputs...); err != nil {
		return nil, fmt.Errorf("explain: compile: %w", err)
	}
	s.kept = append(s.kept, p)
	return p, s.shrink()
}

// shrink releases programs that are over the limits.
func (s *state) shrink() (err error) {
	var bytes int64
	first := len(s.kept) - 1 // to be kept
	for i, p := range slices.Backward(s.kept) {
		if planner, ok := p.program.(engine.MemoryPlanner); ok {
			bytes += planner.KeptBytes()
		}
		if len(s.kept)-i > s.programs || bytes > s.bytes {
			break
		}
		first = i
	}
	for _, p := range s.kept[:first] {
		err = errors.Join(err, p.program.Close())
	}
	s.kept = slices.Delete(s.kept, 0, first)
	return err
}

// build makes the graph of a program.
func (m *Model) build(k key) (p *program, err error) {
	defer graph.Catch(&err)
	t, err := m.net.Trace(k.batch, nn.Eval)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	o, err := newOutline(t)
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	p = &program{key: k, x: t.Input}
	var layer *graph.Node
	if k.task == features || k.task == camming || k.task == unit {
		if layer, err = o.layer(k.layer); err != nil {
			return nil, err
		}
	}
	// sum is the weighted sum of a node that the derivative is taken of.
	sum := func(n *graph.Node) *graph.Node {
		p.weights = t.Graph.Input("weights", n.Shape()...)
		return graph.Sum(graph.Mul(n, p.weights))
	}
	switch k.task {
	case scoring:
		p.outputs = []*graph.Node{o.scores}
	case features:
		p.outputs = []*graph.Node{layer}
	case camming:
		p.outputs = append([]*graph.Node{o.scores, layer}, graph.Gradients(sum(o.scores), layer)...)
	case pixels:
		p.outputs = append([]*graph.Node{o.scores}, graph.Gradients(sum(o.scores), t.Input)...)
	case guided:
		p.outputs = append([]*graph.Node{o.scores}, graph.GradientsFunc(sum(o.scores), guide, t.Input)...)
	case unit:
		p.outputs = append([]*graph.Node{layer}, graph.Gradients(sum(layer), t.Input)...)
	}
	return p, nil
}

// rectifies reports whether an operator is a ReLU, or a ReLU with an upper bound.
func rectifies(op graph.Op) bool {
	u, ok := op.(graph.UnaryOp)
	return ok && (u.Func == graph.KindReLU || u.Func == graph.KindReLU6 || u.Func == graph.KindClip && u.A == 0)
}

// guide is the rule of guided backpropagation: only positive derivatives pass a ReLU.
func guide(n, dy *graph.Node) *graph.Node {
	if rectifies(n.Op()) {
		return graph.ReLU(dy)
	}
	return dy
}
