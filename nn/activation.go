package nn

import (
	"github.com/strideml/stride/graph"
)

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
