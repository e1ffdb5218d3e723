package step

import (
	"cmp"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/async"
	"github.com/strideml/stride/train/internal/batches"
)

// A Single does the steps of a training in a single process, each in one program.
type Single struct {
	t        *Training
	programs map[stepKind]*stepProgram
}

// NewSingle returns a Single that has no program yet.
func NewSingle(t *Training) *Single { return &Single{t: t, programs: map[stepKind]*stepProgram{}} }

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
	starter        *async.Starter // nil if the program can only be run
	feeds          engine.Feeds
	images, target *graph.Node // set in feeds for each run
	step           *tensor.Tensor
	outputs        []*tensor.Tensor
	recomputed     int // values that the backward pass computes again
	numbers        scalars
}

// builtStep is the graph of a step.
type builtStep struct {
	trace   *nn.Trace
	target  *graph.Node
	outputs []*graph.Node
	numbers stepNumbers[*graph.Node]
}

// Prepare compiles what a step needs.
func (s *Single) Prepare(images, phase int, hold bool) error {
	_, err := s.compile(stepKind{images, phase, hold})
	return err
}

// compile prepares the program of a kind, if it is not there.
func (s *Single) compile(kind stepKind) (*stepProgram, error) {
	if p, ok := s.programs[kind]; ok {
		return p, nil
	}
	b, err := s.build(kind)
	if err != nil {
		return nil, err
	}
	plan, err := s.t.compile(kind.batch, 0, b.outputs)
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
	p.starter = async.New(p.program, p.outputs)
	s.programs[kind] = p
	return p, nil
}

// build makes the graph of a step: forward, loss, gradients and update. Its
// outputs are the mean loss and, if that means something, the number of images
// classified correctly.
func (s *Single) build(kind stepKind) (b builtStep, err error) {
	t := s.t
	frozen := t.frozen(kind.phase)
	b.trace, err = t.Model.TraceFrozen(kind.batch, frozen)
	if err != nil {
		return b, err
	}
	defer graph.Catch(&err)
	g := b.trace.Graph
	loss, target, err := t.Objective.Build(b.trace.Output)
	if err != nil {
		return b, err
	}
	b.target, b.outputs = target, []*graph.Node{loss}
	if !t.Objective.NoAccuracy {
		b.outputs = append(b.outputs, t.Objective.Hits(b.trace.Output, target))
	}
	if !kind.hold {
		b.numbers.rate = g.Input("learning rate")
	}
	params, grads := Gradients(loss, Trained(t.Model, frozen))
	if t.FullBatch > 0 {
		grads = t.accumulate(&b, kind, params, grads)
	}
	t.finish(&b, kind.hold, params, grads)
	return b, nil
}

// Run does a step.
func (s *Single) Run(b *data.Batch, at At) (loss float64, correct int, err error) {
	p, err := s.feed(b, at)
	if err != nil {
		return 0, 0, err
	}
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return 0, 0, err
	}
	loss, correct = stepResults(p.outputs)
	return loss, correct, nil
}

// Start begins a step on a device that works on its own; see Starts.
func (s *Single) Start(b *data.Batch, at At) (*async.Run, error) {
	p, err := s.feed(b, at)
	if err != nil {
		return nil, err
	}
	return p.starter.Start(p.feeds)
}

// Wait returns the results of a step that was started, when it has ended.
func Wait(r *async.Run) (loss float64, correct int, err error) {
	err = r.Wait()
	if err == nil {
		loss, correct = stepResults(r.Outputs)
	}
	r.Release()
	return loss, correct, err
}

// stepResults reads the outputs of a step.
func stepResults(outputs []*tensor.Tensor) (loss float64, correct int) {
	if len(outputs) > 1 {
		correct = int(outputs[1].Data()[0])
	}
	return float64(outputs[0].Data()[0]), correct
}

// feed prepares the feeds of a step and returns its program.
func (s *Single) feed(b *data.Batch, at At) (*stepProgram, error) {
	p, err := s.compile(stepKind{b.Images.Shape()[0], at.Phase, !at.Last})
	if err != nil {
		return nil, err
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, batches.Targets(b)
	if p.step != nil {
		d := p.step.Data()
		d[0], d[1] = graph.StepValue(at.Step)
	}
	s.t.feedNumbers(p.numbers, at)
	return p, nil
}

// Starts reports whether the programs prepared so far run on a device that works on its own.
func (s *Single) Starts() bool { return s.largest().starter != nil }

// Program returns the compiled step with an update for batches of so many images, and how
// many values its backward pass computes again.
func (s *Single) Program(images int) (p engine.Program, recomputed int, err error) {
	compiled, err := s.compile(stepKind{batch: images})
	if err != nil {
		return nil, 0, err
	}
	return compiled.program, compiled.recomputed, nil
}

// Recomputed is how many values the backward pass of the largest step computes again.
func (s *Single) Recomputed() int { return s.largest().recomputed }

// largest returns the program that has been compiled for the greatest batch, with the
// most layers trained.
func (s *Single) largest() *stepProgram {
	var best stepKind
	for kind := range s.programs {
		if c := cmp.Or(cmp.Compare(kind.batch, best.batch), cmp.Compare(kind.phase, best.phase)); c > 0 || c == 0 && !kind.hold {
			best = kind
		}
	}
	return s.programs[best]
}

// Close releases the programs. Others can be compiled afterwards.
func (s *Single) Close() {
	for _, p := range s.programs {
		_ = p.program.Close() // nothing is lost
	}
	clear(s.programs)
}
