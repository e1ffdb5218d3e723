package nn

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/tensor"
)

// Mode says what a trace is for: layers such as Dropout and BatchNorm differ.
type Mode int

// The modes.
const (
	Train Mode = iota
	Eval
)

// String returns "train" or "eval".
func (m Mode) String() string {
	if m == Train {
		return "train"
	}
	return "eval"
}

// Options are the choices of New. The zero value is a good default.
type Options struct {
	// Seed is the random seed of the initial weights and of dropout.
	Seed uint64
	// Init draws the weights of convolutions and linear layers that have no
	// initializer of their own; nil means PyTorchDefault. Biases are always
	// drawn by PyTorchDefault unless the layer says otherwise.
	Init Initializer
}

// A Model is a network together with its parameters and buffers. Its methods
// may be called by several goroutines at once, except that nothing else may
// read or write the variables' values while they are being changed, by
// LoadState, Reinitialize or a program that trains.
type Model struct {
	net    Layer
	input  tensor.Shape
	places map[Layer]place           // where the walk found each layer
	absent map[reflect.Type][]string // and where nil pointers
	blocks []block                   // the custom ones of places

	mu        sync.Mutex // guards what follows
	init      Initializer
	seed      uint64
	variables []*owned          // in the order of the state dict
	byName    map[string]*owned // the same by name

	predictor predictor
}

// owned is a variable with the layer that owns it.
type owned struct {
	*graph.Variable
	layer Layer
	order [2]int // position of the layer in the walk, of the variable in the layer
	fill  filler
}

// New makes a model of a network for inputs of the given shape, C×H×W for
// images, without the batch. It finds the layers of the network by walking it
// (see the package's documentation), traces it once in each mode, for a batch of
// 1 in Eval and of 2 in Train mode, so that every shape error shows here, and
// makes and initialises its variables. Where an image is too small for the
// network, the error names the layer and the smallest square image that works.
//
// The initial value of a parameter depends on the seed, its name, its shape
// and its initializer only.
func New(net Layer, input tensor.Shape, opts Options) (*Model, error) {
	m, err := untraced(net, input, opts)
	if err != nil {
		return nil, err
	}
	if _, err := m.Trace(1, Eval); err != nil {
		return nil, m.withSmallestInput(err)
	}
	if _, err := m.Trace(2, Train); err != nil {
		return nil, fmt.Errorf("%w (for a batch of 2, which New tries after one of 1)", err)
	}
	return m, nil
}

// untraced makes a model that has no variables yet.
func untraced(net Layer, input tensor.Shape, opts Options) (*Model, error) {
	if isNil(net) {
		return nil, fmt.Errorf("nn: no network")
	}
	if len(input) == 0 || slices.Min(input) < 1 {
		return nil, fmt.Errorf("nn: input shape %v: want at least one size, all at least 1", input)
	}
	found, err := walk(net)
	if err != nil {
		return nil, fmt.Errorf("nn: %w", err)
	}
	m := &Model{
		net: net, input: input.Clone(), places: found.places, absent: found.absent, blocks: blocksOf(found.places),
		init: opts.Init, seed: opts.Seed, byName: map[string]*owned{},
	}
	if m.init == nil {
		m.init = PyTorchDefault()
	}
	return m, nil
}

// Net returns the network.
func (m *Model) Net() Layer { return m.net }

// Input returns the shape of one input, without the batch.
func (m *Model) Input() tensor.Shape { return m.input.Clone() }

// Parameters returns the trainable variables in the order of the state.
func (m *Model) Parameters() []*graph.Variable { return m.list(true) }

// Buffers returns the variables that are not trained, such as running
// statistics, in the order of the state.
func (m *Model) Buffers() []*graph.Variable { return m.list(false) }

func (m *Model) list(trainable bool) []*graph.Variable {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*graph.Variable
	for _, v := range m.variables {
		if v.Trainable == trainable {
			list = append(list, v.Variable)
		}
	}
	return list
}

// Reinitialize draws all parameters again and resets the buffers, as New does
// with the given seed and initializer (nil: PyTorchDefault).
func (m *Model) Reinitialize(init Initializer, seed uint64) error {
	if init == nil {
		init = PyTorchDefault()
	}
	m.mu.Lock()
	m.init, m.seed = init, seed
	for _, v := range m.variables {
		v.fill = nil
	}
	m.mu.Unlock()
	// A trace asks for each variable again, with its initializer.
	if _, err := m.Trace(1, Eval); err != nil {
		return err
	}
	_, err := m.Trace(2, Train)
	return err
}

// variable returns the layer's variable of that name, making it if need be.
// Trace holds the lock.
func (m *Model) variable(layer Layer, name string, trainable bool, fill filler, shape tensor.Shape) (*graph.Variable, error) {
	at := m.places[layer]
	full := join(at.path, name)
	v, ok := m.byName[full]
	switch {
	case ok && v.layer != layer:
		return nil, fmt.Errorf("two layers are both named %q: give one of their fields another name with the tag nn:\"name\"", at.path)
	case ok && !v.Value.Shape().Equal(shape):
		return nil, fmt.Errorf("%s has shape %v, but this use of the layer needs %v: a layer used twice must see inputs of the same size", full, v.Value.Shape(), shape)
	case !ok && isReleased(layer):
		return nil, fmt.Errorf("%s: the initial value of the layer was released by a program of another model, which keeps it in another form", full)
	case !ok:
		v = &owned{
			Variable: &graph.Variable{Name: full, Value: initialValue(layer, shape), Trainable: trainable},
			layer:    layer,
			order:    [2]int{at.order, m.count(layer)},
		}
		m.byName[full] = v
		i, _ := slices.BinarySearchFunc(m.variables, v, func(a, b *owned) int {
			return cmp.Or(cmp.Compare(a.order[0], b.order[0]), cmp.Compare(a.order[1], b.order[1]))
		})
		m.variables = slices.Insert(m.variables, i, v)
	}
	if v.fill == nil {
		v.fill = fill
		fill(rng.New(m.seed, "init/"+full), v.Value.Data())
		v.Changed()
	}
	return v.Variable, nil
}

// initialValue returns the tensor of a new variable: the one that the layer holds, or zeros.
func initialValue(layer Layer, shape tensor.Shape) *tensor.Tensor {
	if p, ok := layer.(*Param); ok && p.held != nil && p.held.HasShape(shape) {
		return p.take()
	}
	return tensor.New(shape...)
}

// isReleased reports whether the layer has an initial value that is not there any more.
func isReleased(layer Layer) bool {
	p, ok := layer.(*Param)
	return ok && p.held != nil && p.held.Released()
}

// count returns the number of variables that a layer has.
func (m *Model) count(layer Layer) (n int) {
	for _, v := range m.variables {
		if v.layer == layer {
			n++
		}
	}
	return n
}

// isPointer tells layers that can be keys of Model.places: others may not even
// be comparable.
func isPointer(l Layer) bool { return reflect.TypeOf(l).Kind() == reflect.Pointer }
