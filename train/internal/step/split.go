package step

import (
	"fmt"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/dist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/batches"
	"github.com/strideml/stride/train/internal/ranks"
)

// A Split does the steps of a training in two programs: one computes the gradients of a
// shard, a part of a batch, and one changes the weights. In between the gradients of
// all shards are added up, those of this rank in the order of a binary tree and then
// those of all ranks.
//
// Everything that is added up is in one vector: the gradients, the new running
// statistics, the loss and the number of hits.
type Split struct {
	t       *Training
	ranks   *ranks.Ranks
	shards  []data.Part     // this rank's, as parts of the whole batch
	layouts map[int]*layout // by phase
	grads   map[shardKind]*shardProgram
	updates map[updateKind]*updateProgram
	spent   time.Duration // in the last step, without the wait for other ranks
	sums    [][]float32   // the result, and what waits to be added at each level of the tree
}

type (
	shardKind struct{ images, phase int }
	// updateKind: hold adds the gradients to those of the batches before.
	updateKind struct {
		phase int
		hold  bool
	}
)

// A layout is what is in the vector, one after the other, and at the end the loss and
// the number of hits.
type layout struct {
	params, buffers []*graph.Variable
	size            int
}

// variables are those with a place in the vector, in its order.
func (l *layout) variables() []*graph.Variable { return slices.Concat(l.params, l.buffers) }

// results are the loss and the number of hits.
const results = 2

// views returns the pieces of a vector.
func (l *layout) views(vector []float32) (views []*tensor.Tensor) {
	at := 0
	for _, v := range l.variables() {
		n := v.Value.Size()
		views = append(views, tensor.Must(tensor.FromSlice(vector[at:at+n:at+n], v.Value.Shape()...)))
		at += n
	}
	for range results {
		views = append(views, tensor.Must(tensor.FromSlice(vector[at:at+1:at+1])))
		at++
	}
	return views
}

// A shardProgram computes the vector of a shard.
type shardProgram struct {
	program              engine.Program
	feeds                engine.Feeds
	images, target       *graph.Node
	step                 *tensor.Tensor
	lossShare, statShare *tensor.Tensor
	outputs              [][]*tensor.Tensor // views of each of the sums
	recomputed           int
}

// An updateProgram changes the weights.
type updateProgram struct {
	program engine.Program
	feeds   engine.Feeds
	inputs  []*graph.Node // pieces of the vector
	numbers scalars
}

// NewSplit returns a Split. shards are this rank's parts of every batch, a power of two of
// them.
func NewSplit(t *Training, r *ranks.Ranks, shards []data.Part) *Split {
	d := &Split{t: t, ranks: r, shards: shards, layouts: map[int]*layout{}, grads: map[shardKind]*shardProgram{}, updates: map[updateKind]*updateProgram{}}
	d.sums = make([][]float32, bits.Len(uint(len(d.shards))))
	return d
}

// Prepare compiles what a step on a whole batch of so many images needs.
func (d *Split) Prepare(whole, phase int, hold bool) error {
	for _, shard := range d.shards {
		if n := shard.Size(whole); n > 0 {
			if _, err := d.shardProgram(shardKind{n, phase}); err != nil {
				return err
			}
		}
	}
	_, err := d.updateProgram(updateKind{phase, hold})
	return err
}

// shardProgram returns the program for shards of a size.
func (d *Split) shardProgram(kind shardKind) (*shardProgram, error) {
	if p, ok := d.grads[kind]; ok {
		return p, nil
	}
	p, outputs, of, err := d.buildShard(kind)
	if err != nil {
		return nil, err
	}
	plan, err := d.t.compile(kind.images, d.memory(), outputs)
	if err != nil {
		return nil, fmt.Errorf("compile the gradients for batches of %d: %w", kind.images, err)
	}
	p.program, p.recomputed = plan.program, plan.dropped
	p.images, p.target = plan.node(of.trace.Input), plan.node(of.target)
	number := newNumbers(p.feeds, plan.node)
	p.step, p.lossShare, p.statShare = number(of.trace.Step), number(of.lossShare), number(of.statShare)
	l := d.layouts[kind.phase]
	for i := range d.sums {
		d.grow(i, l.size)
		p.outputs = append(p.outputs, d.views(l, i)[:len(outputs)])
	}
	d.grads[kind] = p
	return p, nil
}

// builtShard is the graph of a shard's gradients.
type builtShard struct {
	trace                *nn.Trace
	target               *graph.Node
	lossShare, statShare *graph.Node
}

// buildShard makes the graph of the gradients, and the layout if it is the first of its
// phase. Its outputs are in the order of the layout.
func (d *Split) buildShard(kind shardKind) (p *shardProgram, outputs []*graph.Node, b builtShard, err error) {
	frozen := d.t.frozen(kind.phase)
	if b.trace, err = d.t.Model.TraceFrozen(kind.images, frozen); err != nil {
		return nil, nil, b, err
	}
	defer graph.Catch(&err)
	g := b.trace.Graph
	l := &layout{params: Trained(d.t.Model, frozen)}
	var moved []*graph.Node
	for _, a := range slices.Clone(g.Assignments()) { // to running statistics
		if b.statShare == nil {
			b.statShare = g.Input("share of the batch's images")
		}
		l.buffers = append(l.buffers, a.Variable.Op().(graph.VariableOp).Variable)
		moved = append(moved, graph.Mul(a.Value, b.statShare))
		g.Assign(a.Variable, a.Variable) // it stays, until all shards are added up
	}
	loss, target, err := d.t.Objective.BuildPart(b.trace.Output)
	if err != nil {
		return nil, nil, b, err
	}
	b.target, b.lossShare = target, g.Input("share of the batch's loss")
	loss = graph.Mul(loss, b.lossShare)
	_, grads := Gradients(loss, l.params)
	outputs = slices.Concat(grads, moved, []*graph.Node{graph.Reshape(loss)})
	if !d.t.Objective.NoAccuracy {
		outputs = append(outputs, d.t.Objective.Hits(b.trace.Output, target))
	}
	for _, v := range l.variables() {
		l.size += v.Value.Size()
	}
	l.size += results
	if d.layouts[kind.phase] == nil {
		d.layouts[kind.phase] = l
	}
	return &shardProgram{feeds: engine.Feeds{}}, outputs, b, nil
}

// grow makes room for a vector.
func (d *Split) grow(i, size int) {
	if len(d.sums[i]) < size {
		d.sums[i] = make([]float32, size)
		// Programs that are there write where the vector was.
		for kind, p := range d.grads {
			p.outputs[i] = d.views(d.layouts[kind.phase], i)[:len(p.outputs[i])]
		}
		for kind, p := range d.updates {
			d.feed(p, kind.phase)
		}
	}
}

func (d *Split) views(l *layout, i int) []*tensor.Tensor { return l.views(d.sums[i][:l.size]) }

// updateProgram returns the program that changes the weights.
func (d *Split) updateProgram(kind updateKind) (*updateProgram, error) {
	if p, ok := d.updates[kind]; ok {
		return p, nil
	}
	l := d.layouts[kind.phase]
	if l == nil {
		return nil, fmt.Errorf("there are no gradients to update the weights with") // a rank has an image of a whole batch at least
	}
	p := &updateProgram{feeds: engine.Feeds{}}
	g := graph.New()
	numbers, err := d.buildUpdate(g, kind, l, p)
	if err != nil {
		return nil, err
	}
	if p.program, err = d.t.Device.Compile(g); err != nil {
		return nil, fmt.Errorf("compile the update of the weights: %w", err)
	}
	p.numbers = newScalars(numbers, newNumbers(p.feeds, func(n *graph.Node) *graph.Node { return n }))
	d.updates[kind] = p
	d.feed(p, kind.phase)
	return p, nil
}

// feed feeds an update with the sum.
func (d *Split) feed(p *updateProgram, phase int) {
	for i, view := range d.views(d.layouts[phase], 0)[:len(p.inputs)] {
		p.feeds[p.inputs[i]] = view
	}
}

// buildUpdate makes the graph of an update, whose inputs are pieces of the vector.
func (d *Split) buildUpdate(g *graph.Graph, kind updateKind, l *layout, p *updateProgram) (_ stepNumbers[*graph.Node], err error) {
	defer graph.Catch(&err)
	t, b := d.t, builtStep{trace: &nn.Trace{Graph: g}}
	input := func(what string, v *graph.Variable) *graph.Node {
		n := g.Input(what+" of "+v.Name, v.Value.Shape()...)
		p.inputs = append(p.inputs, n)
		return n
	}
	var params, grads []*graph.Node
	for _, v := range l.params {
		params, grads = append(params, g.Variable(v)), append(grads, input("gradient", v))
	}
	for _, v := range l.buffers {
		g.Assign(g.Variable(v), input("new value", v))
	}
	if !kind.hold {
		b.numbers.rate = g.Input("learning rate")
	}
	if t.FullBatch > 0 {
		grads = t.accumulate(&b, stepKind{batch: t.FullBatch, phase: kind.phase, hold: kind.hold}, params, grads)
	}
	t.finish(&b, kind.hold, params, grads)
	return b.numbers, nil
}

// Run does a step with this rank's part of a batch.
func (d *Split) Run(b *data.Batch, at At) (loss float64, correct int, err error) {
	if err := d.Prepare(b.Whole, at.Phase, !at.Last); err != nil {
		return 0, 0, err
	}
	l := d.layouts[at.Phase]
	began := time.Now()
	if err := d.sum(b, at, 0, len(d.shards), 0); err != nil {
		return 0, 0, err
	}
	computed := time.Now()
	if err := d.ranks.Sum(d.sums[0][:l.size]); err != nil {
		return 0, 0, err
	}
	reduced := time.Now()
	defer func() { d.spent = computed.Sub(began) + time.Since(reduced) }()
	p := d.updates[updateKind{at.Phase, !at.Last}]
	d.t.feedNumbers(p.numbers, at)
	if err := p.program.Run(p.feeds, nil); err != nil {
		return 0, 0, err
	}
	loss = float64(d.sums[0][l.size-results]) / d.t.weight(b.Whole)
	return loss, int(d.sums[0][l.size-1]), nil
}

// sum leaves the sum of shards from to to−1 in a vector, and uses those after it.
func (d *Split) sum(b *data.Batch, at At, from, to, into int) error {
	if to-from == 1 {
		return d.shard(b, at, d.shards[from], into)
	}
	middle := (from + to) / 2
	if err := d.sum(b, at, from, middle, into); err != nil {
		return err
	}
	if err := d.sum(b, at, middle, to, into+1); err != nil {
		return err
	}
	size := d.layouts[at.Phase].size
	addTo(d.sums[into][:size], d.sums[into+1][:size])
	return nil
}

// shard computes the vector of a shard of a batch, of which b is this rank's part.
func (d *Split) shard(b *data.Batch, at At, shard data.Part, into int) error {
	vector := d.sums[into][:d.layouts[at.Phase].size]
	first, end := shard.Of(b.Whole)
	if first == end {
		clear(vector)
		return nil
	}
	b = batches.Cut(b, first-b.First, end-b.First)
	p := d.grads[shardKind{b.Len(), at.Phase}]
	share := float64(b.Len()) / float64(b.Whole)
	set(p.statShare, float32(share))
	if d.t.Objective.ByWeight() {
		share = 1 / at.Weight
	}
	set(p.lossShare, float32(share*d.t.weight(b.Whole)))
	p.feeds[p.images], p.feeds[p.target] = b.Images, batches.Targets(b)
	if p.step != nil {
		nn.SetStep(p.step, at.Step, first)
	}
	outputs := p.outputs[into]
	vector[len(vector)-1] = 0 // the hits, where they mean nothing
	return p.program.Run(p.feeds, outputs)
}

// addTo adds b to a, element by element.
func addTo(a, b []float32) {
	const piece = 1 << 16
	workers := max(1, min(runtime.GOMAXPROCS(0), len(a)/piece))
	var all sync.WaitGroup
	for w := range workers {
		from, to := w*len(a)/workers, (w+1)*len(a)/workers
		all.Go(func() { dist.Sum([][]float32{a[from:to], b[from:to]}) })
	}
	all.Wait()
}

// Busy is how long this rank itself was busy in the last step.
func (d *Split) Busy() time.Duration { return d.spent }

// memory is what the vectors take, in bytes.
func (d *Split) memory() (bytes int64) {
	size := 0
	for _, l := range d.layouts {
		size = max(size, l.size)
	}
	return 4 * int64(size) * int64(len(d.sums))
}

// Recomputed is how many values the backward pass of the largest shard computes again.
func (d *Split) Recomputed() (values int) {
	most := 0
	for kind, p := range d.grads {
		if kind.images > most {
			most, values = kind.images, p.recomputed
		}
	}
	return values
}

// Close releases the programs.
func (d *Split) Close() {
	for _, p := range d.grads {
		_ = p.program.Close() // nothing is lost
	}
	for _, p := range d.updates {
		_ = p.program.Close()
	}
}
