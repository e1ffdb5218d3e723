package nn

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A LayerOutput is the result of one use of a layer in a [Trace].
type LayerOutput struct {
	// Path is the layer's path; "" for the network itself.
	Path string
	// Kind is "Conv2D", "Sequential", …, or the name of a custom block's type.
	Kind string
	// Depth is the number of layers around it: 0 for the network, 1 for the
	// layers of a Sequential that is the network.
	Depth int
	// Node is the output.
	Node *graph.Node
}

// Apply adds a layer to the graph of x, as its Forward does, and records its
// output. A custom block that holds other custom blocks applies them with
//
//	nn.Apply(b.Inner, x)
//
// so that [Trace.OutputOf] and [Model.Activations] find their outputs. PyTorch has the
// same difference between module(x) and module.forward(x). For the layers of this
// package, Sequential too, Forward is enough.
//
// With Apply, errors, summaries and the path of each operator name the inner block for
// certain. With b.Inner.Forward(x) they do in most cases; see the package's
// documentation.
func Apply(l Layer, x *graph.Node) *graph.Node {
	g := x.Graph()
	t, _ := g.Value(traceKey{}).(*tracing)
	if isNil(l) {
		t.failNil(g, l)
	}
	path, certain := t.pathOf(l, g.CurrentPath(), false)
	return apply(t, l, path, certain, x)
}

// pathOf returns the path of a layer and whether it is certain; otherwise it
// passes on what it was given.
func (t *tracing) pathOf(l Layer, path string, certain bool) (string, bool) {
	if t != nil && isPointer(l) {
		if p, ok := t.model.places[l]; ok {
			return p.path, true
		}
	}
	return path, certain
}

// apply calls the layer's Forward with the graph's path set to the given one,
// and records the output if that is certainly the layer's path.
func apply(t *tracing, l Layer, path string, certain bool, x *graph.Node) *graph.Node {
	g := x.Graph()
	defer g.SetPath(g.SetPath(path))
	switch l.(type) {
	case leaf, *SequentialLayer: // they record their outputs themselves
		return l.Forward(x)
	}
	if certain {
		defer enter(g, path)()
	}
	return t.record(l, path, certain, func() *graph.Node {
		var y *graph.Node
		if certain {
			y = t.watch(l, path, x)
		} else {
			y = l.Forward(x)
		}
		if y == nil {
			g.Fail(kindOf(l), "Forward returned nil")
		}
		return y
	})
}

// isNil is true for a nil layer and for a nil pointer as a layer.
func isNil(l Layer) bool {
	if l == nil {
		return true
	}
	v := reflect.ValueOf(l)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// failNil fails because a nil layer is applied. It names those in the block that
// is being traced that are nil and of the same type.
func (t *tracing) failNil(g *graph.Graph, l Layer) {
	kind, where := "Layer", ""
	if l != nil {
		kind = reflect.TypeOf(l).Elem().Name()
	}
	if t != nil && l != nil {
		block := g.CurrentPath()
		var paths []string
		for _, path := range t.model.absent[reflect.TypeOf(l)] {
			if block == "" || strings.HasPrefix(path, block+".") {
				paths = append(paths, path)
			}
		}
		if len(paths) > 0 {
			where = ": " + some(paths)
		}
	}
	g.Fail(kind, "a nil layer is applied%s", where)
}

// record records the output of a layer that forward computes. Without a certain
// path it only calls forward, and likewise where the layer is embedded in the
// one around it, which has the same path and output.
func (t *tracing) record(l Layer, path string, certain bool, forward func() *graph.Node) *graph.Node {
	if t == nil || !certain {
		return forward()
	}
	depth := len(t.around)
	if depth > 0 && t.around[depth-1] == path {
		return forward()
	}
	t.around = append(t.around, path)
	y := forward()
	t.around = t.around[:depth]
	t.outputs = append(t.outputs, LayerOutput{path, kindOf(l), depth, y})
	return y
}

// kindOf is the name of a layer for people.
func kindOf(l Layer) string {
	switch l := l.(type) {
	case leaf:
		return l.kind()
	case *SequentialLayer:
		return "Sequential"
	}
	t := reflect.TypeOf(l)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// Layers returns the outputs of the network's layers in the order in which they
// were computed: a block comes after the layers in it, the network last. A layer
// that is used twice is there twice. A custom block that another one applies with
// its Forward instead of [Apply] is not there, but its layers are.
func (t *Trace) Layers() []LayerOutput { return t.outputs }

// OutputOf returns the output of the layer with the given path, such as "0",
// "1.conv1" or "features.3"; that of its last use if it is used several times.
// "" is the network. If there is no such layer, the error says which is nearest.
func (t *Trace) OutputOf(path string) (*graph.Node, error) {
	var paths []string
	for _, o := range slices.Backward(t.outputs) {
		if o.Path == path {
			return o.Node, nil
		}
		if o.Path != "" && !slices.Contains(paths, o.Path) {
			paths = append(paths, o.Path)
		}
	}
	for l, at := range t.model.places {
		if _, ok := l.(*Param); ok || at.path != path {
			continue
		}
		if _, ok := l.(leaf); ok {
			return nil, fmt.Errorf("nn: layer %q is not used in this mode", path)
		}
		return nil, fmt.Errorf("nn: the output of %q is not known: the block around it must call nn.Apply(layer, x) in place of layer.Forward(x)", path)
	}
	return nil, fmt.Errorf("nn: there is no layer %q: %s", path, nearest(path, paths))
}

// Activations runs the network in Eval mode on x, a batch or a single image as
// for [Model.Predict], and returns the outputs of the layers with the given
// paths, in that order; see [Trace.OutputOf] for what a path is. It compiles a
// program at each call. A nil device means cpu.Default().
func (m *Model) Activations(device engine.Device, x *tensor.Tensor, paths ...string) ([]*tensor.Tensor, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("nn: activations: no layer is named")
	}
	x, err := m.asBatch(x)
	if err != nil {
		return nil, fmt.Errorf("nn: activations: %w", err)
	}
	t, err := m.Trace(x.Shape()[0], Eval)
	if err != nil {
		return nil, err
	}
	nodes := make([]*graph.Node, len(paths))
	for i, path := range paths {
		if nodes[i], err = t.OutputOf(path); err != nil {
			return nil, err
		}
	}
	outputs, err := engine.Run(cpu.OrDefault(device), engine.Feeds{t.Input: x}, nodes...)
	if err != nil {
		return nil, fmt.Errorf("nn: activations: %w", err)
	}
	return outputs, nil
}
