package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/objective"
	"github.com/strideml/stride/train/internal/step"
)

// A Minimizer does the steps of a custom training loop, on any loss. With a
// model m and a data.Loader, the loop is
//
//	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, m.Parameters(),
//		func(x, y *graph.Node) *graph.Node {
//			return nn.CrossEntropyLoss(m.Forward(x, nn.Train), y)
//		})
//	defer step.Close()
//	for epoch := range epochs {
//		for b, err := range loader.Epoch(ctx, epoch, 0) {
//			if err != nil {
//				return err
//			}
//			loss, err := step.Run(0.1, b.Images, b.Labels)
//			…
//
// In PyTorch's loop, the function is loss(net(X), y), and Run does
// optimizer.zero_grad(), l.backward() and optimizer.step().
//
// The parameters need no model. A kernel that is learnt by gradient descent is a
// graph.Variable:
//
//	kernel := &graph.Variable{Name: "kernel", Value: tensor.New(1, 1, 1, 2), Trainable: true}
//	step := train.NewMinimizer(device, optim.SGD{}, []*graph.Variable{kernel},
//		func(x, y *graph.Node) *graph.Node {
//			k := x.Graph().Variable(kernel)
//			return nn.MSELoss(graph.Conv2D(x, k, nil, graph.Window{}, 1), y)
//		})
//
// A Minimizer is made of public parts, for loops that need more than it has:
// [nn.Model.Forward] adds a network to a graph, [graph.Gradients] the derivatives
// of a loss, and the Update of an [optim.Optimizer] the changes of the parameters;
// [engine.Device] compiles the graph and [engine.Program] runs it.
//
// It is not safe for concurrent use.
type Minimizer struct {
	device    engine.Device
	optimizer optim.Optimizer
	params    []*graph.Variable
	loss      func(x, target *graph.Node) *graph.Node
	state     optim.State
	programs  []*minimizerProgram
	steps     uint64
}

// minimizerProgram is the compiled step for some shapes.
type minimizerProgram struct {
	program   engine.Program
	starter   *async.Starter // nil if the program can only be run
	graph     *graph.Graph
	x, target *graph.Node
	feeds     engine.Feeds
	rate      *tensor.Tensor
	loss      []*tensor.Tensor
}

// NewMinimizer returns a Minimizer that changes params so that the loss gets
// smaller. A nil device means cpu.Default(), a nil optimizer plain SGD.
//
// loss is given the nodes of what Run is given, with their shapes, and returns a
// single number, such as the mean over a batch. It is called once for each
// combination of shapes, and reads variables with x.Graph().Variable or a model's
// Forward. Parameters that the loss does not depend on stay as they are.
func NewMinimizer(device engine.Device, optimizer optim.Optimizer, params []*graph.Variable, loss func(x, target *graph.Node) *graph.Node) *Minimizer {
	if optimizer == nil {
		optimizer = optim.SGD{}
	}
	return &Minimizer{device: cpu.OrDefault(device), optimizer: optimizer, params: params, loss: loss}
}

// Run does one step with the given learning rate and returns the loss from before
// it. x and target are what the loss is a function of, usually a batch of images
// and their labels; target may be nil if the loss has no use for it. For shapes that
// it has not seen yet, Run compiles a program; otherwise it allocates nothing.
func (m *Minimizer) Run(rate float32, x, target *tensor.Tensor) (loss float64, err error) {
	p, err := m.feed(rate, x, target)
	if err != nil {
		return 0, err
	}
	return m.run(p)
}

// feed prepares the feeds of a step and returns its program.
func (m *Minimizer) feed(rate float32, x, target *tensor.Tensor) (*minimizerProgram, error) {
	p, err := m.program(x, target)
	if err != nil {
		return nil, err
	}
	p.feeds[p.x] = x
	if target != nil {
		p.feeds[p.target] = target
	}
	p.rate.Data()[0] = rate
	nn.FeedStep(p.graph, p.feeds, m.steps)
	return p, nil
}

// run does the step that was fed.
func (m *Minimizer) run(p *minimizerProgram) (loss float64, err error) {
	if err := p.program.Run(p.feeds, p.loss); err != nil {
		return 0, err
	}
	m.steps++
	return float64(p.loss[0].Data()[0]), nil
}

// Steps returns the number of steps done or started. Dropout derives its random bits from it.
func (m *Minimizer) Steps() uint64 { return m.steps }

// Close releases the programs.
func (m *Minimizer) Close() error {
	var errs []error
	for _, p := range m.programs {
		errs = append(errs, p.program.Close())
	}
	m.programs = nil
	return errors.Join(errs...)
}

// program returns the step for tensors of the shapes of x and target.
func (m *Minimizer) program(x, target *tensor.Tensor) (*minimizerProgram, error) {
	if x == nil {
		return nil, errors.New("a step needs an input, got nil")
	}
	for _, p := range m.programs {
		if x.HasShape(p.x.Shape()) && (target == nil) == (p.target == nil) && (target == nil || target.HasShape(p.target.Shape())) {
			return p, nil
		}
	}
	p := &minimizerProgram{graph: graph.New(), rate: tensor.New()}
	p.x = p.graph.Input("x", x.Shape()...)
	if target != nil {
		p.target = p.graph.Input("target", target.Shape()...)
	}
	loss, err := m.build(p)
	if err != nil {
		return nil, err
	}
	if p.program, err = m.device.Compile(p.graph, loss); err != nil {
		return nil, fmt.Errorf("compile the training step: %w", err)
	}
	p.loss = []*tensor.Tensor{tensor.New(loss.Shape()...)}
	p.starter = async.New(p.program, p.loss)
	m.programs = append(m.programs, p)
	return p, nil
}

// build adds the loss, the gradients and the update.
func (m *Minimizer) build(p *minimizerProgram) (loss *graph.Node, err error) {
	defer graph.Catch(&err)
	loss = m.loss(p.x, p.target)
	if err := objective.CheckLoss(p.graph, loss); err != nil {
		return nil, err
	}
	used := variablesOf(loss)
	params := slices.DeleteFunc(slices.Clone(m.params), func(v *graph.Variable) bool { return !used[v] })
	if len(params) == 0 {
		return nil, errors.New("the loss depends on none of the parameters")
	}
	rate := p.graph.Input("learning rate")
	p.feeds = engine.Feeds{rate: p.rate}
	nodes, grads := step.Gradients(loss, params)
	m.optimizer.Update(p.graph, rate, nodes, grads, &m.state)
	return loss, nil
}

// variablesOf returns the variables that n is computed from.
func variablesOf(n *graph.Node) map[*graph.Variable]bool {
	used := make([]bool, n.ID()+1)
	used[n.ID()] = true
	variables := map[*graph.Variable]bool{}
	for id := n.ID(); id >= 0; id-- {
		if !used[id] {
			continue
		}
		m := n.Graph().Nodes()[id]
		if op, ok := m.Op().(graph.VariableOp); ok {
			variables[op.Variable] = true
		}
		for _, in := range m.Inputs() {
			used[in.ID()] = true
		}
	}
	return variables
}

// Start begins what Run does. On a device whose programs are [engine.Starter], it returns
// as soon as x and target may be used for something else; on others it does the step.
// wait, which is called once, returns the loss.
//
// Steps that are under way are done in the order of Start. One more than is being done is
// enough to keep a device busy. An error of Start means that nothing was begun.
func (m *Minimizer) Start(rate float32, x, target *tensor.Tensor) (wait func() (loss float64, err error), err error) {
	p, err := m.feed(rate, x, target)
	if err != nil {
		return nil, err
	}
	if p.starter == nil {
		loss, err := m.run(p)
		if err != nil {
			return nil, err
		}
		return func() (float64, error) { return loss, nil }, nil
	}
	r, err := p.starter.Start(p.feeds)
	if err != nil {
		return nil, err
	}
	m.steps++
	return func() (loss float64, err error) {
		if err = r.Wait(); err == nil {
			loss = float64(r.Outputs[0].Data()[0])
		}
		r.Release()
		return loss, err
	}, nil
}
