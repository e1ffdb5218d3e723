package nn

import (
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
	// Step is the number of the training step as graph.StepValue splits it
	// (shape 2), an input of the graph that [Trace.FeedStep] feeds. It is nil
	// unless the network has a [Dropout] and the mode is Train.
	Step *graph.Node

	model   *Model
	calls   []call
	outputs []LayerOutput
}

// traceKey is the key under which a graph holds its *tracing.
type traceKey struct{}

// tracing is the state of a trace while layers add to the graph.
type tracing struct {
	model   *Model
	mode    Mode
	step    *graph.Node
	uses    map[string]uint64           // dropouts so far at each path
	pending map[*graph.Node]*graph.Node // running statistics → latest value
	probed  map[string]tensor.Shape     // shapes of variables, where they have no values; see smallestInput
	depth   int                         // leaves being applied: a Func may apply others
	calls   []call
	around  []string // paths of the layers being applied, of those that are recorded
	outputs []LayerOutput
}

// A call is one use of a leaf, not within another one. It added the nodes
// first ≤ ID < last.
type call struct {
	path, kind  string
	first, last int
	output      *graph.Node
}

// Trace builds the network's graph for a batch of the given size. In Train
// mode BatchNorm adds assignments to its running statistics. The error names
// the layer, the operator and the rule that a shape breaks.
func (m *Model) Trace(batch int, mode Mode) (t *Trace, err error) {
	return m.trace(batch, mode, nil)
}

// trace is Trace; with probed, variables are not made and only their shapes
// are noted there.
func (m *Model) trace(batch int, mode Mode, probed map[string]tensor.Shape) (t *Trace, err error) {
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
	x := g.Input("images", slices.Concat([]int{batch}, m.input)...)
	state := &tracing{model: m, mode: mode, uses: map[string]uint64{}, pending: map[*graph.Node]*graph.Node{}, probed: probed}
	g.SetValue(traceKey{}, state)
	y := apply(state, m.net, "", true, x)
	g.SetValue(traceKey{}, nil) // layers have no business here from now on
	switch {
	case y == nil:
		return nil, fmt.Errorf("nn: the network's Forward returned nil")
	case y.Graph() != g:
		return nil, fmt.Errorf("nn: the network's Forward returned a node of another graph")
	}
	return &Trace{Graph: g, Input: x, Output: y, Step: state.step, model: m, calls: state.calls, outputs: state.outputs}, nil
}

// FeedStep feeds Step with the number of the training step, counted from 0,
// from which Dropout derives its random bits. Where Step is nil it does
// nothing, so a loop of one's own calls it before each run, whatever the
// network. It allocates at the first call for a map only.
func (t *Trace) FeedStep(feeds engine.Feeds, step uint64) {
	if t.Step == nil {
		return
	}
	if feeds[t.Step] == nil {
		feeds[t.Step] = tensor.New(2)
	}
	value := feeds[t.Step].Data()
	value[0], value[1] = graph.StepValue(step)
}

// stepNode returns the step input, which the first dropout makes.
func (t *tracing) stepNode(g *graph.Graph) *graph.Node {
	if t.step == nil {
		t.step = g.Input("step", 2)
	}
	return t.step
}

// dropoutKey names the random bits of the next dropout at a path.
func (t *tracing) dropoutKey(path string) uint64 {
	use := t.uses[path]
	t.uses[path]++
	return rng.New(t.model.seed, "dropout/"+path, use).Uint64()
}
