package nn

import (
	"strconv"

	"github.com/strideml/stride/graph"
)

// SequentialLayer applies layers one after the other; see [Sequential].
type SequentialLayer struct {
	layers []Layer
	names  []string
}

// Sequential returns a layer that applies the given ones in order. The path of
// each is its index: "0", "1", …; [SequentialLayer.Add] names layers otherwise.
func Sequential(layers ...Layer) *SequentialLayer {
	return (&SequentialLayer{}).Append(layers...)
}

// Append adds layers at the end; their paths are their indices.
func (s *SequentialLayer) Append(layers ...Layer) *SequentialLayer {
	for _, l := range layers {
		s.Add(strconv.Itoa(len(s.layers)), l)
	}
	return s
}

// Add is Append for a layer with a name of its own, as PyTorch's add_module. The
// name must not be empty, nor contain dots or spaces, nor occur twice.
func (s *SequentialLayer) Add(name string, l Layer) *SequentialLayer {
	s.layers, s.names = append(s.layers, l), append(s.names, name)
	return s
}

// Layers returns the layers in order. The caller must not change the slice.
func (s *SequentialLayer) Layers() []Layer { return s.layers }

// Forward applies the layers to x in order.
func (s *SequentialLayer) Forward(x *graph.Node) *graph.Node {
	g := x.Graph()
	own := g.CurrentPath()
	t, _ := g.Value(traceKey{}).(*tracing)
	if t != nil {
		if p, ok := t.model.places[s]; ok {
			own = p.path
		}
	}
	defer g.SetPath(g.CurrentPath())
	for i, l := range s.layers {
		path := join(own, s.names[i])
		if l == nil {
			g.SetPath(path)
			g.Fail("Sequential", "layer %d is nil", i)
		}
		if t != nil && isPointer(l) {
			if p, ok := t.model.places[l]; ok {
				path = p.path
			}
		}
		g.SetPath(path)
		x = l.Forward(x)
	}
	return x
}

// ActivationLayer applies a function to each element, or, for Softmax, to each
// sample; see [ReLU], [ReLU6], [Sigmoid], [Tanh] and [Softmax].
type ActivationLayer struct {
	name string
	f    func(*graph.Node) *graph.Node
}

// ReLU returns a layer that computes max(0, x).
func ReLU() *ActivationLayer { return &ActivationLayer{"ReLU", graph.ReLU} }

// ReLU6 returns a layer that computes min(max(0, x), 6).
func ReLU6() *ActivationLayer { return &ActivationLayer{"ReLU6", graph.ReLU6} }

// Sigmoid returns a layer that computes 1/(1+e⁻ˣ).
func Sigmoid() *ActivationLayer { return &ActivationLayer{"Sigmoid", graph.Sigmoid} }

// Tanh returns a layer that computes the hyperbolic tangent.
func Tanh() *ActivationLayer { return &ActivationLayer{"Tanh", graph.Tanh} }

// Softmax returns a layer that computes eˣ / Σ eˣ over axis 1, the classes of
// N×K or the channels of N×C×H×W. Networks trained with cross-entropy end in
// logits and have no use for it.
func Softmax() *ActivationLayer {
	return &ActivationLayer{"Softmax", func(x *graph.Node) *graph.Node { return graph.Softmax(x, 1) }}
}

func (a *ActivationLayer) kind() string { return a.name }

// Forward adds the function of x.
func (a *ActivationLayer) Forward(x *graph.Node) *graph.Node {
	return within(a, x, func(scope) *graph.Node { return a.f(x) })
}

// FlattenLayer joins all axes but the first; see [Flatten].
type FlattenLayer struct{ name string }

// Flatten returns a layer that turns N×C×H×W into N×(C·H·W).
func Flatten() *FlattenLayer { return &FlattenLayer{"Flatten"} }

func (f *FlattenLayer) kind() string { return f.name }

// Forward adds the change of shape.
func (f *FlattenLayer) Forward(x *graph.Node) *graph.Node {
	return within(f, x, func(scope) *graph.Node { return graph.Flatten(x) })
}

// FuncLayer is a function as a layer; see [Func].
type FuncLayer struct {
	name string
	f    func(*graph.Node) *graph.Node
}

// Func makes a layer of a function without parameters, such as one that
// transposes. The name is its kind in summaries and messages.
func Func(name string, f func(x *graph.Node) *graph.Node) *FuncLayer { return &FuncLayer{name, f} }

func (f *FuncLayer) kind() string { return f.name }

// Forward calls the function.
func (f *FuncLayer) Forward(x *graph.Node) *graph.Node {
	return within(f, x, func(scope) *graph.Node { return f.f(x) })
}

// DropoutLayer drops elements at random while training; see [Dropout].
type DropoutLayer struct{ p float32 }

// Dropout returns a layer that in Train mode zeroes each element with
// probability p, 0 ≤ p < 1, and multiplies the others by 1/(1−p). In Eval mode
// it does nothing. Which elements go depends on the model's seed, the layer's
// path, the number of the training step (Trace.Step) and the element's index.
func Dropout(p float32) *DropoutLayer { return &DropoutLayer{p} }

func (d *DropoutLayer) kind() string { return "Dropout" }

// Forward adds the operator in Train mode and returns x itself in Eval mode.
func (d *DropoutLayer) Forward(x *graph.Node) *graph.Node {
	return within(d, x, func(s scope) *graph.Node {
		if !(d.p >= 0 && d.p < 1) {
			s.g.Fail("Dropout", "probability must be at least 0 and below 1, got %v", d.p)
		}
		if s.mode() == Eval || d.p == 0 {
			return x
		}
		s.require("a random stream of its own")
		return graph.Dropout(x, s.trace.stepNode(s.g), d.p, s.trace.dropoutKey(s.path))
	})
}
