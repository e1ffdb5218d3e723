package train

import (
	"fmt"
	"slices"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A rankStep does the training steps of one of several ranks.
type rankStep interface {
	// prepare compiles what a step on a whole batch of so many images needs.
	prepare(whole, phase int, hold bool) error
	// run does a step with this rank's part of a batch. The results are those of the whole.
	run(b *data.Batch, at stepAt) (loss float64, correct int, err error)
	// busy is how long this rank itself was busy in the last step.
	busy() time.Duration
	// memory is what is needed beside the programs, in bytes, and recomputed how many
	// values the largest backward pass computes again.
	memory() int64
	recomputed() int
	close()
}

// A fusedStep does a step in one program, in which the gradients are added up in buckets
// by graph.AllReduce, while the device computes others.
type fusedStep struct {
	s        *Stepper
	part     data.Part
	size     int  // of the largest whole batch
	sync     bool // batch normalization
	mix      func(b *data.Batch) *data.Batch
	programs map[stepKind]*fusedProgram      // by the size of the whole batch
	group    interface{ Stats() dist.Stats } // nil if nobody counts
	spent    time.Duration
}

// A fusedProgram is the compiled step of a kind.
type fusedProgram struct {
	*stepProgram
	lossShare, statShare, present *tensor.Tensor
	empty                         *data.Batch // images in place of none
}

func newFusedStep(s *Stepper, part data.Part, size int, reducer engine.Reducer, sync bool, mix func(b *data.Batch) *data.Batch) *fusedStep {
	d := &fusedStep{s: s, part: part, size: size, sync: sync, mix: mix, programs: map[stepKind]*fusedProgram{}}
	d.group, _ = reducer.(interface{ Stats() dist.Stats })
	return d
}

func (d *fusedStep) prepare(whole, phase int, hold bool) error {
	_, err := d.program(stepKind{whole, phase, hold})
	return err
}

func (d *fusedStep) program(kind stepKind) (*fusedProgram, error) {
	if p, ok := d.programs[kind]; ok {
		return p, nil
	}
	p := &fusedProgram{stepProgram: &stepProgram{feeds: engine.Feeds{}}}
	images := d.part.Size(kind.batch)
	if images == 0 && d.sync {
		return nil, fmt.Errorf("batch normalization over the whole batch needs an image of each rank in each batch: choose a batch size that leaves a larger last batch than one of %s", count(kind.batch, "image"))
	}
	if images == 0 { // it takes part in the sums with images that do not count
		images = d.part.Size(d.size)
		shape := append(tensor.Shape{images}, d.s.model.Input()...)
		p.empty = &data.Batch{Images: tensor.New(shape...), Labels: tensor.New(images), Items: make([]int, images)}
		p.empty.Targets = p.empty.Labels
		if target := d.s.objective.target; d.s.objective.targeted || d.s.objective.soft {
			p.empty.Targets = tensor.New(append(tensor.Shape{images}, target...)...)
		}
	}
	b, shares, err := d.build(images, kind)
	if err != nil {
		return nil, err
	}
	plan, err := d.s.program(images, b.outputs)
	if err != nil {
		return nil, fmt.Errorf("compile the training step for batches of %d: %w", images, err)
	}
	p.program, p.recomputed = plan.program, plan.dropped
	p.images, p.target = plan.node(b.trace.Input), plan.node(b.target)
	number := newNumbers(p.feeds, plan.node)
	p.numbers = newScalars(b.numbers, number)
	p.step = number(b.trace.Step)
	p.lossShare, p.statShare, p.present = number(shares.loss), number(shares.stat), number(shares.present)
	for _, out := range b.outputs {
		p.outputs = append(p.outputs, tensor.New(out.Shape()...))
	}
	d.programs[kind] = p
	return p, nil
}

// shareInputs say how a part counts in a batch: its share of the loss, of the images, and 1
// if there are any.
type shareInputs struct{ loss, stat, present *graph.Node }

// build makes the graph of a step on a part of so many images.
func (d *fusedStep) build(images int, kind stepKind) (b builtStep, in shareInputs, err error) {
	s := d.s
	frozen := s.frozen(kind.phase)
	if d.sync {
		b.trace, err = s.model.TracePart(images, kind.batch, frozen)
	} else {
		b.trace, err = s.model.TraceFrozen(images, frozen)
	}
	if err != nil {
		return b, in, err
	}
	defer graph.Catch(&err)
	g := b.trace.Graph
	moved := slices.Clone(g.Assignments()) // running statistics
	loss, target, err := s.objective.buildPart(b.trace.Output)
	if err != nil {
		return b, in, err
	}
	b.target, in.loss = target, g.Input("share of the batch's loss")
	loss = graph.Mul(loss, in.loss)
	// What the forward pass leaves is added up first.
	flat := []*graph.Node{graph.Reshape(loss, 1)}
	if !s.objective.noAccuracy {
		in.present = g.Input("1 if the part has images")
		flat = append(flat, graph.Reshape(graph.Mul(s.objective.hits(b.trace.Output, target), in.present), 1))
	}
	if len(moved) > 0 {
		in.stat = g.Input("share of the batch's images")
		for _, a := range moved {
			flat = append(flat, graph.Reshape(graph.Mul(a.Value, in.stat), a.Value.Shape().Size()))
		}
	}
	sum := graph.AllReduce(graph.Concat(0, flat...))
	at := 0
	next := func(shape tensor.Shape) *graph.Node {
		n := graph.Reshape(graph.Slice(sum, 0, at, at+shape.Size()), shape...)
		at += shape.Size()
		return n
	}
	b.outputs = append(b.outputs, next(tensor.Shape{}))
	if !s.objective.noAccuracy {
		b.outputs = append(b.outputs, next(tensor.Shape{}))
	}
	for _, a := range moved {
		g.Assign(a.Variable, next(a.Value.Shape()))
	}
	if !kind.hold {
		b.numbers.rate = g.Input("learning rate")
	}
	params, grads := gradients(loss, trained(s.model, frozen))
	grads = dist.Buckets{}.AllReduce(grads)
	if s.recipe.size > 0 {
		grads = s.accumulate(&b, stepKind{batch: s.recipe.size, phase: kind.phase, hold: kind.hold}, params, grads)
	}
	s.finish(&b, kind.hold, params, grads)
	return b, in, nil
}

func (d *fusedStep) run(b *data.Batch, at stepAt) (loss float64, correct int, err error) {
	p, err := d.program(stepKind{b.Whole, at.phase, !at.last})
	if err != nil {
		return 0, 0, err
	}
	first := b.First
	share, present, whole := float64(b.Len())/float64(b.Whole), float32(1), b.Whole
	set(p.statShare, float32(share))
	if b.Len() == 0 {
		present = 0
	} else if d.s.objective.byWeight() {
		share = 1 / at.weight
	}
	set(p.lossShare, float32(share*d.s.recipe.weight(whole)))
	set(p.present, present)
	switch {
	case b.Len() == 0:
		b = p.empty
	case d.mix != nil:
		b = d.mix(b)
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, targetsOf(b)
	if p.step != nil {
		nn.SetStep(p.step, at.step, first)
	}
	feedNumbers(p.numbers, at, d.s.recipe)
	began, waited := time.Now(), d.waited()
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return 0, 0, err
	}
	d.spent = time.Since(began) - (d.waited() - waited)
	if len(p.outputs) > 1 {
		correct = int(p.outputs[1].Data()[0])
	}
	return float64(p.outputs[0].Data()[0]) / d.s.recipe.weight(whole), correct, nil
}

// waited is how long the device has waited for sums so far.
func (d *fusedStep) waited() time.Duration {
	if d.group == nil {
		return 0
	}
	return d.group.Stats().Waited
}

func (d *fusedStep) busy() time.Duration { return d.spent }
func (d *fusedStep) memory() int64       { return 0 } // the programs count their buckets

func (d *fusedStep) recomputed() (values int) {
	for _, p := range d.programs {
		values = max(values, p.stepProgram.recomputed)
	}
	return values
}

func (d *fusedStep) close() {
	for _, p := range d.programs {
		_ = p.program.Close() // nothing is lost
	}
}
