package train

import (
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
)

// A Stepper runs single training steps of a classifier, for measurements and for
// loops other than Fit's; a Minimizer has any loss. It compiles a program for each batch size; the programs share the model's variables and
// the optimizer's state. It is not safe for concurrent use.
type Stepper struct {
	model     *nn.Model
	device    engine.Device
	optimizer optim.Optimizer
	state     optim.State
	programs  map[int]*stepProgram
	budget    int64 // of a step's memory, in bytes; 0 for no limit
	objective objective
}

// stepProgram is the compiled step for one batch size.
type stepProgram struct {
	program        engine.Program
	feeds          engine.Feeds
	images, target *graph.Node    // set in feeds for each run
	step, rate     *tensor.Tensor // step is nil unless the network has Dropout
	outputs        []*tensor.Tensor
	recomputed     int // values that the backward pass computes again
}

// NewStepper returns a Stepper that changes the model on the device; nil means
// cpu.Default(). A nil optimizer means plain SGD.
func NewStepper(model *nn.Model, device engine.Device, optimizer optim.Optimizer) *Stepper {
	if optimizer == nil {
		optimizer = optim.SGD{}
	}
	return &Stepper{model: model, device: cpu.OrDefault(device), optimizer: optimizer, programs: map[int]*stepProgram{}}
}

// compile prepares the program for a batch size, if it is not there.
func (s *Stepper) compile(batch int) (*stepProgram, error) {
	if p, ok := s.programs[batch]; ok {
		return p, nil
	}
	trace, target, rate, outputs, err := s.build(batch)
	if err != nil {
		return nil, err
	}
	plan, err := s.program(batch, outputs)
	if err != nil {
		return nil, fmt.Errorf("compile the training step for batches of %d: %w", batch, err)
	}
	p := &stepProgram{
		program: plan.program, recomputed: plan.dropped,
		images: plan.node(trace.Input), target: plan.node(target), rate: tensor.New(),
	}
	p.feeds = engine.Feeds{plan.node(rate): p.rate}
	if trace.Step != nil {
		p.step = tensor.New(2)
		p.feeds[plan.node(trace.Step)] = p.step
	}
	for _, out := range outputs {
		p.outputs = append(p.outputs, tensor.New(out.Shape()...))
	}
	s.programs[batch] = p
	return p, nil
}

// SetMemoryBudget limits the memory of the steps compiled from now on, as
// Memory counts it, to so many bytes; 0 takes the limit away. Where a step
// needs more, values that are cheap to compute are dropped after the forward
// pass and computed again in the backward pass, as few as will do. That costs
// time and changes no bit of the results. A step that cannot be made to fit
// fails with ErrBudget.
func (s *Stepper) SetMemoryBudget(bytes int64) { s.budget = bytes }

// program compiles a step within the budget.
func (s *Stepper) program(batch int, outputs []*graph.Node) (stepPlan, error) {
	if s.budget == 0 {
		program, err := s.device.Compile(outputs[0].Graph(), outputs...)
		return stepPlan{program: program, node: func(n *graph.Node) *graph.Node { return n }}, err
	}
	rest := s.memory(batch).Total()
	r := recomputer{device: s.device, outputs: outputs, budget: s.budget - rest}
	best, err := r.fit()
	if err == nil && best.program == nil {
		err = fmt.Errorf("%w of %s: batches of %d need at least %s", ErrBudget, megabytes(s.budget), batch, megabytes(best.bytes+rest))
	}
	return best, err
}

// build makes the graph of a step: forward, loss, gradients and update. Its
// outputs are the mean loss and, if that means something, the number of images
// classified correctly.
func (s *Stepper) build(batch int) (trace *nn.Trace, target, rate *graph.Node, outputs []*graph.Node, err error) {
	trace, err = s.model.Trace(batch, nn.Train)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	defer graph.Catch(&err)
	g := trace.Graph
	loss, target, err := s.objective.build(trace.Output)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	outputs = []*graph.Node{loss}
	if !s.objective.noAccuracy {
		outputs = append(outputs, graph.Sum(graph.Equal(graph.ArgMax(trace.Output, 1), target)))
	}
	rate = g.Input("learning rate")
	descend(loss, rate, s.model.Parameters(), s.optimizer, &s.state)
	return trace, target, rate, outputs, nil
}

// Run does one step, number step from 0, with the given learning rate: forward
// pass, mean cross-entropy, gradients and update. It returns the loss and how
// many images were classified correctly, both from before the update. Of the
// batch it uses Images and Labels, which must be class indices. Once a batch
// size has been run, Run allocates nothing.
func (s *Stepper) Run(b *data.Batch, step uint64, rate float32) (loss float64, correct int, err error) {
	p, err := s.compile(b.Images.Shape()[0])
	if err != nil {
		return 0, 0, err
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, targetsOf(b)
	p.rate.Data()[0] = rate
	if p.step != nil {
		d := p.step.Data()
		d[0], d[1] = graph.StepValue(step)
	}
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return 0, 0, err
	}
	if len(p.outputs) > 1 {
		correct = int(p.outputs[1].Data()[0])
	}
	return float64(p.outputs[0].Data()[0]), correct, nil
}

// Close releases the programs.
func (s *Stepper) Close() {
	for _, p := range s.programs {
		p.program.Close()
	}
	s.programs = map[int]*stepProgram{}
}

// Program returns the compiled step for a batch size, for measurements such as
// engine.StartProfile. The Stepper closes it.
func (s *Stepper) Program(batch int) (engine.Program, error) {
	p, err := s.compile(batch)
	if err != nil {
		return nil, err
	}
	return p.program, nil
}
