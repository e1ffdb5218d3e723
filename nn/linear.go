package nn

import (
	"github.com/strideml/stride/graph"
)

// LinearLayer is a fully connected layer; see [Linear].
type LinearLayer struct {
	out      int
	noBias   bool
	init     Initializer
	initBias Initializer
}

// Linear returns a fully connected layer x·weightᵀ + bias: N×in becomes
// N×out. The number of inputs is that of what it is applied to; images need a
// [Flatten] before. Parameters: weight (out×in) and bias (out).
func Linear(out int) *LinearLayer { return &LinearLayer{out: out} }

// NoBias leaves the bias out.
func (l *LinearLayer) NoBias() *LinearLayer { l.noBias = true; return l }

// Init sets the initializer of the weight; the model's is used otherwise.
func (l *LinearLayer) Init(i Initializer) *LinearLayer { l.init = i; return l }

// InitBias sets the initializer of the bias; it is PyTorchDefault otherwise.
func (l *LinearLayer) InitBias(i Initializer) *LinearLayer { l.initBias = i; return l }

func (l *LinearLayer) kind() string { return "Linear" }

// Forward adds the layer's product and sum.
func (l *LinearLayer) Forward(x *graph.Node) *graph.Node {
	return within(l, x, func(s scope) *graph.Node {
		in := x.Shape()
		switch {
		case len(in) != 2:
			s.g.Fail("Linear", "input must have rank 2 (N×in), got %v: is a Flatten missing before it?", in)
		case l.out < 1:
			s.g.Fail("Linear", "output size must be at least 1, got %d", l.out)
		}
		weight, bias := s.weights(l.init, l.initBias, l.noBias, in[1], l.out, l.out, in[1])
		return graph.Linear(x, weight, bias)
	})
}
