package nn

import (
	"errors"
	"fmt"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// A Trace is the graph of a network for one batch size and mode, to which the
// caller may add more: a loss, gradients, an update.
type Trace struct {
	Graph *graph.Graph
	// Input is the batch, N×C×H×W, an input of the graph.
	Input *graph.Node
	// Output is the network's result.
	Output *graph.Node
	// Step is the graph's [StepInput], which [Trace.FeedStep] feeds. It is nil
	// unless the network has a [Dropout] and the mode is Train.
	Step *graph.Node

	model   *Model
	calls   []call
	outputs []LayerOutput
}

// Keys under which a graph holds values of this package.
type (
	traceKey struct{}         // the *tracing of the model whose layers add to the graph
	modelKey struct{ *Model } // the *tracing of a model, between its uses
	stepKey  struct{}         // the node of StepInput
)

// tracing is the state of a model in a graph. It lasts from one use of the model
// to the next, so that what a layer must know of its uses before includes them.
type tracing struct {
	model   *Model
	mode    Mode
	frozen  Frozen
	uses    map[string]uint64           // dropouts so far at each path
	pending map[*graph.Node]*graph.Node // running statistics → latest value
	probed  map[string]*graph.Variable  // variables without values; nil if they have values. See smallestInput
	batch   int                         // samples of the use that is traced now
	depth   int                         // leaves being applied: a Func may apply others
	calls   []call
	around  []string // paths of the layers being applied, of those that are recorded
	outputs []LayerOutput
}

// A call is one use of a leaf, not within another one. It added the nodes
// first ≤ ID < last.
type call struct {
	path, kind  string
	loose       bool // the walk did not find the leaf, and path is that of a block around it
	operator    bool // no leaf, but an operator of the block at path
	first, last int
	output      *graph.Node
}

// Trace builds the network's graph for a batch of the given size. In Train
// mode BatchNorm adds assignments to its running statistics. The error names
// the layer, the operator and the rule that a shape breaks.
func (m *Model) Trace(batch int, mode Mode) (t *Trace, err error) {
	return m.trace(batch, mode, Frozen{}, nil)
}

// Frozen says which layers stay as they are in a trace in Train mode: they compute
// as in Eval mode, so that running statistics are used and not moved, and nothing is
// dropped. Whoever trains leaves out their parameters; see train.Freeze.
type Frozen struct {
	// Layers reports by its path whether a layer is frozen; nil freezes none.
	Layers func(path string) bool
	// Statistics freezes all BatchNorm layers. Their weights and biases can still
	// be trained.
	Statistics bool
}

// has reports whether a layer is frozen; l is nil for one that is not of this package.
func (f Frozen) has(path string, l leaf) bool {
	if _, ok := l.(*BatchNormLayer); ok && f.Statistics {
		return true
	}
	return f.Layers != nil && f.Layers(path)
}

// TraceFrozen is Trace in Train mode, except for the layers that are frozen.
func (m *Model) TraceFrozen(batch int, frozen Frozen) (t *Trace, err error) {
	return m.trace(batch, Train, frozen, nil)
}

// modeAt is the mode of the layer at a path; l is nil for one that is not of this
// package.
func (t *tracing) modeAt(path string, l leaf) Mode {
	if t.mode == Train && t.frozen.has(path, l) {
		return Eval
	}
	return t.mode
}

// trace is Trace; with probed, the model's variables are not made, and others
// without values are noted there. options set values of the graph.
func (m *Model) trace(batch int, mode Mode, frozen Frozen, probed map[string]*graph.Variable, options ...func(g *graph.Graph)) (t *Trace, err error) {
	if batch < 1 {
		return nil, fmt.Errorf("nn: batch size must be at least 1, got %d", batch)
	}
	if mode != Train && mode != Eval {
		return nil, fmt.Errorf("nn: unknown mode %d", mode)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer graph.Catch(&err)

	g := graph.New()
	for _, set := range options {
		set(g)
	}
	x := g.Input("images", slices.Concat([]int{batch}, m.input)...)
	y, state, err := m.forward(x, mode, frozen, probed)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	return &Trace{Graph: g, Input: x, Output: y, Step: StepInput(g), model: m, calls: state.calls, outputs: state.outputs}, nil
}

// Forward adds the network to the graph of x, a batch of the shape that the
// model takes, and returns its output. In Train mode BatchNorm adds assignments
// to its running statistics, and a network with Dropout needs the number of the
// step: see [StepInput]. A graph may use a model several times, or several
// models. Forward panics with a *graph.Error, as all functions that add to a
// graph do; graph.Catch makes an error of it.
//
// [Model.Trace] is Forward in a new graph.
func (m *Model) Forward(x *graph.Node, mode Mode) *graph.Node {
	return m.checkedForward(x, mode, Frozen{})
}

// ForwardFrozen is Forward in Train mode, except for the layers that are frozen.
func (m *Model) ForwardFrozen(x *graph.Node, frozen Frozen) *graph.Node {
	return m.checkedForward(x, Train, frozen)
}

func (m *Model) checkedForward(x *graph.Node, mode Mode, frozen Frozen) *graph.Node {
	g := x.Graph()
	if s := x.Shape(); len(s) != len(m.input)+1 || !s[1:].Equal(m.input) {
		g.Fail("Model", "input %v: the network takes batches of %v", s, m.input)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	y, _, err := m.forward(x, mode, frozen, nil)
	if err != nil {
		g.Fail("Model", "%w", err)
	}
	return y
}

// forward is Forward with the lock held. With probed, the model's variables are not
// made, and others without values are noted there.
func (m *Model) forward(x *graph.Node, mode Mode, frozen Frozen, probed map[string]*graph.Variable) (*graph.Node, *tracing, error) {
	g := x.Graph()
	state, ok := g.Value(modelKey{m}).(*tracing)
	if !ok {
		state = &tracing{model: m, uses: map[string]uint64{}, pending: map[*graph.Node]*graph.Node{}}
		g.SetValue(modelKey{m}, state)
	}
	state.mode, state.frozen, state.probed, state.batch = mode, frozen, probed, x.Shape()[0]
	defer g.SetValue(traceKey{}, g.Value(traceKey{})) // layers have no business here afterwards
	g.SetValue(traceKey{}, state)
	y := apply(state, m.net, "", true, x)
	switch {
	case y == nil:
		return nil, nil, errors.New("the network's Forward returned nil")
	case y.Graph() != g:
		return nil, nil, errors.New("the network's Forward returned a node of another graph")
	}
	return y, state, nil
}

// StepInput returns the input of a graph that takes the number of the training
// step, from which Dropout derives its random bits: shape 3, the number as
// graph.StepValue splits it, and the number of the batch's first image in a larger batch
// of which it is a part. It is nil unless a model in the graph has a [Dropout] and is in
// Train mode. A graph has one at most.
func StepInput(g *graph.Graph) *graph.Node {
	n, _ := g.Value(stepKey{}).(*graph.Node)
	return n
}

// FeedStep feeds a graph's [StepInput] with the number of the training step,
// counted from 0, for a whole batch. Where there is no such input it does nothing, so a loop of one's
// own calls it before each run, whatever the network. It allocates at the first
// call for a map only.
func FeedStep(g *graph.Graph, feeds engine.Feeds, step uint64) { FeedStepPart(g, feeds, step, 0) }

// FeedStepPart is FeedStep for a part of a batch that begins with image number first of
// that, below 2²⁴: the same elements are dropped as of the whole batch.
func FeedStepPart(g *graph.Graph, feeds engine.Feeds, step uint64, first int) {
	n := StepInput(g)
	if n == nil {
		return
	}
	if feeds[n] == nil {
		feeds[n] = tensor.New(3)
	}
	SetStep(feeds[n], step, first)
}

// SetStep sets the value of a [StepInput]: the number of the training step, and that of
// the batch's first image in a larger batch, 0 if it is no part of one.
func SetStep(value *tensor.Tensor, step uint64, first int) {
	v := value.Data()
	v[0], v[1] = graph.StepValue(step)
	v[2] = float32(first)
}

// FeedStep feeds Step with the number of the training step; see the function of
// that name.
func (t *Trace) FeedStep(feeds engine.Feeds, step uint64) { FeedStep(t.Graph, feeds, step) }

// stepNode returns the step input, which the first dropout makes.
func stepNode(g *graph.Graph) *graph.Node {
	if n := StepInput(g); n != nil {
		return n
	}
	n := g.Input("step", 3)
	g.SetValue(stepKey{}, n)
	return n
}

// dropped drops elements of x. Its samples are those of the batch, also where layers before
// have put others in front of them.
func (s scope) dropped(x *graph.Node, p float32) *graph.Node {
	shape, batch := x.Shape(), s.trace.batch
	whole := len(shape) > 0 && shape[0] != batch && shape.Size()%batch == 0
	if whole {
		x = graph.Reshape(x, batch, -1)
	}
	x = graph.Dropout(x, stepNode(s.g), p, s.trace.dropoutKey(s.path))
	return graph.Reshape(x, shape...)
}

// dropoutKey names the random bits of the next dropout at a path.
func (t *tracing) dropoutKey(path string) uint64 {
	use := t.uses[path]
	t.uses[path]++
	return rng.New(t.model.seed, "dropout/"+path, use).Uint64()
}
