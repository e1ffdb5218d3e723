package step

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
	"github.com/strideml/stride/train/internal/batches"
)

// A Fused does the steps of one of several ranks, each in one program, in which the
// gradients are added up in buckets by graph.AllReduce, while the device computes others.
type Fused struct {
	t        *Training
	part     data.Part
	size     int                             // of the largest whole batch
	sync     bool                            // batch normalization
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

// NewFused returns a Fused. part is this rank's of every batch, size the number of images of
// the largest whole batch. The device adds up with the reducer. sync gives batch
// normalization the statistics of the whole batch.
func NewFused(t *Training, part data.Part, size int, reducer engine.Reducer, sync bool) *Fused {
	d := &Fused{t: t, part: part, size: size, sync: sync, programs: map[stepKind]*fusedProgram{}}
	d.group, _ = reducer.(interface{ Stats() dist.Stats })
	return d
}

// Prepare compiles what a step on a whole batch of so many images needs.
func (d *Fused) Prepare(whole, phase int, hold bool) error {
	_, err := d.program(stepKind{whole, phase, hold})
	return err
}

func (d *Fused) program(kind stepKind) (*fusedProgram, error) {
	if p, ok := d.programs[kind]; ok {
		return p, nil
	}
	p := &fusedProgram{stepProgram: &stepProgram{feeds: engine.Feeds{}}}
	images := d.part.Size(kind.batch)
	if images == 0 && d.sync {
		return nil, fmt.Errorf("batch normalization over the whole batch needs an image of each rank in each batch, and the last one has %d for %d ranks: choose a batch size that leaves a larger one", kind.batch, d.part.Ranks)
	}
	if images == 0 { // it takes part in the sums with images that do not count
		images = d.part.Size(d.size)
		shape := append(tensor.Shape{images}, d.t.Model.Input()...)
		p.empty = &data.Batch{Images: tensor.New(shape...), Labels: tensor.New(images), Items: make([]int, images)}
		p.empty.Targets = p.empty.Labels
		if target := d.t.Objective.Target; d.t.Objective.Targeted || d.t.Objective.Soft {
			p.empty.Targets = tensor.New(append(tensor.Shape{images}, target...)...)
		}
	}
	b, shares, err := d.build(images, kind)
	if err != nil {
		return nil, err
	}
	plan, err := d.t.compile(images, 0, b.outputs)
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
func (d *Fused) build(images int, kind stepKind) (b builtStep, in shareInputs, err error) {
	t := d.t
	frozen := t.frozen(kind.phase)
	if d.sync {
		b.trace, err = t.Model.TracePart(images, kind.batch, frozen)
	} else {
		b.trace, err = t.Model.TraceFrozen(images, frozen)
	}
	if err != nil {
		return b, in, err
	}
	defer graph.Catch(&err)
	g := b.trace.Graph
	moved := slices.Clone(g.Assignments()) // running statistics
	loss, target, err := t.Objective.BuildPart(b.trace.Output)
	if err != nil {
		return b, in, err
	}
	b.target, in.loss = target, g.Input("share of the batch's loss")
	loss = graph.Mul(loss, in.loss)
	// What the forward pass leaves is added up first.
	flat := []*graph.Node{graph.Reshape(loss, 1)}
	if !t.Objective.NoAccuracy {
		in.present = g.Input("1 if the part has images")
		flat = append(flat, graph.Reshape(graph.Mul(t.Objective.Hits(b.trace.Output, target), in.present), 1))
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
	if !t.Objective.NoAccuracy {
		b.outputs = append(b.outputs, next(tensor.Shape{}))
	}
	for _, a := range moved {
		g.Assign(a.Variable, next(a.Value.Shape()))
	}
	if !kind.hold {
		b.numbers.rate = g.Input("learning rate")
	}
	params, grads := Gradients(loss, Trained(t.Model, frozen))
	grads = dist.Buckets{}.AllReduce(grads)
	if t.FullBatch > 0 {
		grads = t.accumulate(&b, stepKind{batch: t.FullBatch, phase: kind.phase, hold: kind.hold}, params, grads)
	}
	t.finish(&b, kind.hold, params, grads)
	return b, in, nil
}

// Run does a step with this rank's part of a batch.
func (d *Fused) Run(b *data.Batch, at At) (loss float64, correct int, err error) {
	p, err := d.program(stepKind{b.Whole, at.Phase, !at.Last})
	if err != nil {
		return 0, 0, err
	}
	first := b.First
	share, present, whole := float64(b.Len())/float64(b.Whole), float32(1), b.Whole
	set(p.statShare, float32(share))
	if b.Len() == 0 {
		present = 0
	} else if d.t.Objective.ByWeight() {
		share = 1 / at.Weight
	}
	set(p.lossShare, float32(share*d.t.weight(whole)))
	set(p.present, present)
	if b.Len() == 0 {
		b = p.empty
	}
	p.feeds[p.images], p.feeds[p.target] = b.Images, batches.Targets(b)
	if p.step != nil {
		nn.SetStep(p.step, at.Step, first)
	}
	d.t.feedNumbers(p.numbers, at)
	began, waited := time.Now(), d.waited()
	if err := p.program.Run(p.feeds, p.outputs); err != nil {
		return 0, 0, err
	}
	d.spent = time.Since(began) - (d.waited() - waited)
	loss, correct = stepResults(p.outputs)
	return loss / d.t.weight(whole), correct, nil
}

// waited is how long the device has waited for sums so far.
func (d *Fused) waited() time.Duration {
	if d.group == nil {
		return 0
	}
	return d.group.Stats().Waited
}

// Busy is how long this rank itself was busy in the last step.
func (d *Fused) Busy() time.Duration { return d.spent }

// Recomputed is how many values the largest backward pass computes again.
func (d *Fused) Recomputed() (values int) {
	for _, p := range d.programs {
		values = max(values, p.stepProgram.recomputed)
	}
	return values
}

// Close releases the programs.
func (d *Fused) Close() {
	for _, p := range d.programs {
		_ = p.program.Close() // nothing is lost
	}
}
