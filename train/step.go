package train

import (
	"cmp"
	"fmt"
	"slices"

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
	programs  map[stepKind]*stepProgram
	budget    int64 // of a step's memory, in bytes; 0 for no limit
	objective objective
	recipe    recipe
	ranked    rankStep // of one of several ranks; nil if there is one
}

// A recipe is what steps do beside minimising the loss. The zero value is nothing.
type recipe struct {
	freeze freezing
	starts []int // the first epoch of each phase
	// size is the number of images in a batch whose gradient counts as 1, in an update
	// from several batches; 0 if each batch has an update.
	size int
	ema  optim.EMA
}

// weight is that of a batch of so many images in its update.
func (r recipe) weight(images int) float64 {
	if r.size == 0 {
		return 1
	}
	return float64(images) / float64(r.size)
}

// A stepKind tells programs apart.
type stepKind struct {
	batch int
	phase int
	// hold adds the gradients to those of the batches before, for an update to come.
	hold bool
}

// stepProgram is the compiled step of a kind.
type stepProgram struct {
	program        engine.Program
	starter        *starter // nil if the program can only be run
	feeds          engine.Feeds
	images, target *graph.Node // set in feeds for each run
	step           *tensor.Tensor
	outputs        []*tensor.Tensor
	recomputed     int // values that the backward pass computes again
	numbers        scalars
}

// scalars are the values of the scalar inputs.
type scalars = stepNumbers[*tensor.Tensor]

// stepNumbers are scalar inputs of a step; nil for those that it has no use for.
type stepNumbers[T any] struct {
	rate T
	// keep is 0 for the first batch of an update and 1 for the others, and scale
	// makes a mean of the sum of the gradients.
	keep, scale T
	// average is the weight of an update in the moving average of the weights.
	average T
}

// newNumbers returns a function that makes a tensor for an input, nil for none, and feeds it.
// node returns the input of the program for one of the graph.
func newNumbers(feeds engine.Feeds, node func(n *graph.Node) *graph.Node) func(n *graph.Node) *tensor.Tensor {
	return func(n *graph.Node) *tensor.Tensor {
		if n == nil {
			return nil
		}
		t := tensor.New(n.Shape()...)
		feeds[node(n)] = t
		return t
	}
}

// newScalars makes the values of scalar inputs by a function of newNumbers.
func newScalars(n stepNumbers[*graph.Node], number func(n *graph.Node) *tensor.Tensor) scalars {
	return scalars{rate: number(n.rate), keep: number(n.keep), scale: number(n.scale), average: number(n.average)}
}

// set gives a scalar input, nil for none, its value.
func set(t *tensor.Tensor, v float32) {
	if t != nil {
		t.Data()[0] = v
	}
}

// builtStep is the graph of a step.
type builtStep struct {
	trace   *nn.Trace
	target  *graph.Node
	outputs []*graph.Node
	numbers stepNumbers[*graph.Node]
}

// NewStepper returns a Stepper that changes the model on the device; nil means
// cpu.Default(). A nil optimizer means plain SGD.
func NewStepper(model *nn.Model, device engine.Device, optimizer optim.Optimizer) *Stepper {
	if optimizer == nil {
		optimizer = optim.SGD{}
	}
	return &Stepper{model: model, device: cpu.OrDefault(device), optimizer: optimizer, programs: map[stepKind]*stepProgram{}}
}

// prepare compiles what a step of a kind needs; batch is the size of the whole batch.
func (s *Stepper) prepare(kind stepKind) error {
	if s.ranked != nil {
		return s.ranked.prepare(kind.batch, kind.phase, kind.hold)
	}
	_, err := s.compile(kind)
	return err
}

// compile prepares the program of a kind, if it is not there.
func (s *Stepper) compile(kind stepKind) (*stepProgram, error) {
	if p, ok := s.programs[kind]; ok {
		return p, nil
	}
	b, err := s.build(kind)
	if err != nil {
		return nil, err
	}
	plan, err := s.program(kind.batch, b.outputs)
	if err != nil {
		return nil, fmt.Errorf("compile the training step for batches of %d: %w", kind.batch, err)
	}
	p := &stepProgram{
		program: plan.program, recomputed: plan.dropped,
		images: plan.node(b.trace.Input), target: plan.node(b.target), feeds: engine.Feeds{},
	}
	number := newNumbers(p.feeds, plan.node)
	p.numbers = newScalars(b.numbers, number)
	p.step = number(b.trace.Step)
	for _, out := range b.outputs {
		p.outputs = append(p.outputs, tensor.New(out.Shape()...))
	}
	p.starter = newStarter(p.program, p.outputs)
	s.programs[kind] = p
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
func (s *Stepper) build(kind stepKind) (b builtStep, err error) {
	frozen := s.frozen(kind.phase)
	b.trace, err = s.model.TraceFrozen(kind.batch, frozen)
	if err != nil {
		return b, err
	}
	defer graph.Catch(&err)
	g := b.trace.Graph
	loss, target, err := s.objective.build(b.trace.Output)
	if err != nil {
		return b, err
	}
	b.target, b.outputs = target, []*graph.Node{loss}
	if !s.objective.noAccuracy {
		b.outputs = append(b.outputs, s.objective.hits(b.trace.Output, target))
	}
	if !kind.hold {
		b.numbers.rate = g.Input("learning rate")
	}
	params, grads := gradients(loss, trained(s.model, frozen))
	if s.recipe.size > 0 {
		grads = s.accumulate(&b, kind, params, grads)
	}
	s.finish(&b, kind.hold, params, grads)
	return b, nil
}

// frozen is what a phase does not train.
func (s *Stepper) frozen(phase int) (frozen nn.Frozen) {
	if phase < len(s.recipe.starts) {
		frozen = s.recipe.freeze.at(s.recipe.starts[phase])
	}
	return frozen
}

// finish adds the update of the weights, and of their moving average, unless it is to
// come.
func (s *Stepper) finish(b *builtStep, hold bool, params, grads []*graph.Node) {
	g := b.trace.Graph
	variables := slices.Concat(s.model.Parameters(), s.model.Buffers())
	if s.recipe.ema.Decay != 0 {
		s.recipe.ema.Begin(variables, &s.state) // from before the first step, whichever that is
	}
	if hold {
		return
	}
	s.optimizer.Update(g, b.numbers.rate, params, grads, &s.state)
	if s.recipe.ema.Decay != 0 {
		b.numbers.average = g.Input("weight of the update in the moving average")
		s.recipe.ema.Update(g, b.numbers.average, variables, &s.state)
	}
}

// accumulate adds the gradients to those of the batches before, each batch by the
// number of its images, and returns their mean, if it is time for an update.
func (s *Stepper) accumulate(b *builtStep, kind stepKind, params, grads []*graph.Node) []*graph.Node {
	g := b.trace.Graph
	b.numbers.keep = g.Input("share of the gradients before")
	if !kind.hold {
		b.numbers.scale = g.Input("divisor of the gradients")
	}
	means := make([]*graph.Node, len(grads))
	for i, d := range grads {
		if kind.batch != s.recipe.size {
			d = graph.Mul(d, g.Scalar(float32(kind.batch)/float32(s.recipe.size)))
		}
		before := g.Variable(s.state.Variable(params[i].Op().(graph.VariableOp).Variable, "grad_sum", 0))
		sum := graph.Add(graph.Mul(before, b.numbers.keep), d)
		if kind.hold {
			g.Assign(before, sum)
		} else {
			means[i] = graph.Div(sum, b.numbers.scale)
		}
	}
	return means
}

// stepAt says which step is to be done.
type stepAt struct {
	step   uint64 // from 0, a batch each
	update uint64 // from 0; that which the batch is a part of
	phase  int
	rate   float32
	// first and last say where the batch is among those of its update; images is the
	// number of images of them all.
	first, last bool
	images      int
	// weight is that of the whole batch in its loss; see objective.weight.
	weight float64
}

// Run does one step, number step from 0, with the given learning rate: forward
// pass, mean cross-entropy, gradients and update. It returns the loss and how
// many images were classified correctly, both from before the update. Of the
// batch it uses Images and Labels, which must be class indices. Once a batch
// size has been run, Run allocates nothing.
func (s *Stepper) Run(b *data.Batch, step uint64, rate float32) (loss float64, correct int, err error) {
	return s.run(b, single(b, step, rate))
}

// single is a step whose update has one batch.
func single(b *data.Batch, step uint64, rate float32) stepAt {
	return stepAt{step: step, update: step, rate: rate, first: true, last: true, images: b.Images.Shape()[0]}
}

func (s *Stepper) run(b *data.Batch, at stepAt) (loss float64, correct int, err error) {
	if s.ranked != nil {
		return s.ranked.run(b, at)
	}
	p, err := s.feed(b, at)
	if err != nil {
		return 0, 0, err
	}
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return 0, 0, err
	}
	loss, correct = stepOutputs(p.outputs)
	return loss, correct, nil
}

// stepOutputs reads the outputs of a step.
func stepOutputs(outputs []*tensor.Tensor) (loss float64, correct int) {
	if len(outputs) > 1 {
		correct = int(outputs[1].Data()[0])
	}
	return float64(outputs[0].Data()[0]), correct
}

// feed prepares the feeds of a step and returns its program.
func (s *Stepper) feed(b *data.Batch, at stepAt) (*stepProgram, error) {
	p, err := s.compile(stepKind{b.Images.Shape()[0], at.phase, !at.last})
	if err != nil {
		return nil, err
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, targetsOf(b)
	if p.step != nil {
		d := p.step.Data()
		d[0], d[1] = graph.StepValue(at.step)
	}
	feedNumbers(p.numbers, at, s.recipe)
	return p, nil
}

// feedNumbers fills in the scalar inputs of a step.
func feedNumbers(n scalars, at stepAt, r recipe) {
	set(n.rate, at.rate)
	set(n.average, r.ema.Weight(at.update))
	keep := float32(1)
	if at.first {
		keep = 0
	}
	set(n.keep, keep)
	set(n.scale, float32(float64(at.images)/float64(max(r.size, 1))))
}

// starts reports whether the device works on its own; several ranks meet at each step.
func (s *Stepper) starts() bool { return s.ranked == nil && s.largest().starter != nil }

// recomputed is how many values the backward pass of the largest step computes again.
func (s *Stepper) recomputed() int {
	if s.ranked != nil {
		return s.ranked.recomputed()
	}
	return s.largest().recomputed
}

// largest returns the program that has been compiled for the greatest batch, with the
// most layers trained.
func (s *Stepper) largest() *stepProgram {
	var best stepKind
	for kind := range s.programs {
		if c := cmp.Or(cmp.Compare(kind.batch, best.batch), cmp.Compare(kind.phase, best.phase)); c > 0 || c == 0 && !kind.hold {
			best = kind
		}
	}
	return s.programs[best]
}

// Close releases the programs.
func (s *Stepper) Close() {
	if s.ranked != nil {
		s.ranked.close()
	}
	for _, p := range s.programs {
		p.program.Close()
	}
	s.programs = map[stepKind]*stepProgram{}
}

// Program returns the compiled step for a batch size, for measurements such as
// engine.StartProfile. The Stepper closes it.
func (s *Stepper) Program(batch int) (engine.Program, error) {
	p, err := s.compile(stepKind{batch: batch})
	if err != nil {
		return nil, err
	}
	return p.program, nil
}
