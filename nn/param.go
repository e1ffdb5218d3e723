package nn

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Param is a tensor that belongs to a custom layer: a [Parameter] or a
// [Buffer].
type Param struct {
	shape     []int
	init      Initializer
	trainable bool

	held  *tensor.Tensor // the initial value, in place of init
	taken atomic.Bool    // held is that of a model
}

// Parameter returns a trainable tensor for a custom layer, which keeps it in a
// field and calls [Param.Value] in its Forward. It takes the name of the field:
// "gamma", not "gamma.weight". It is zero at first unless [Param.Init] says
// otherwise.
//
//	type Scale struct{ Gamma *nn.Param }
//
//	func (s *Scale) Forward(x *graph.Node) *graph.Node {
//		return graph.Mul(x, s.Gamma.Value(x))
//	}
func Parameter(shape ...int) *Param {
	return &Param{shape: slices.Clone(shape), init: Constant(0), trainable: true}
}

// Buffer returns a tensor that is part of a layer's state but not trained,
// such as a running mean; see [Param.Update].
func Buffer(shape ...int) *Param {
	return &Param{shape: slices.Clone(shape), init: Constant(0)}
}

// Init sets the initializer. The fans of a tensor a×b×c… are b·c·… and a·c·…;
// both are the size of one with a single axis.
func (r *Param) Init(i Initializer) *Param { r.init = i; return r }

// Holding gives the tensor an initial value in place of an initializer; it must have the
// shape of the Param. The first model that is made of the network takes t itself, without a
// copy; another one gets a copy of what t holds at that time. [Model.Reinitialize] leaves it as
// it is.
func (r *Param) Holding(t *tensor.Tensor) *Param { r.held = t; return r }

// take returns the initial value for a model.
func (r *Param) take() *tensor.Tensor {
	if r.taken.CompareAndSwap(false, true) {
		return r.held
	}
	return r.held.Clone()
}

func (r *Param) kind() string {
	if r.trainable {
		return "Parameter"
	}
	return "Buffer"
}

// Forward is Value: it makes a Param a [Layer], so that a network's walk finds
// it.
func (r *Param) Forward(x *graph.Node) *graph.Node { return r.Value(x) }

// Value returns the tensor's node in the graph of x.
func (r *Param) Value(x *graph.Node) *graph.Node { return within(r, x, r.node) }

// Update gives the tensor a new value at the end of each run of a trace in
// Train mode; in Eval mode it does nothing. value computes it from the old
// one. x is any node of the graph.
func (r *Param) Update(x *graph.Node, value func(old *graph.Node) *graph.Node) {
	within(r, x, func(s scope) *graph.Node {
		n := r.node(s)
		if s.mode() == Train {
			s.update(n, value)
		}
		return n
	})
}

func (r *Param) node(s scope) *graph.Node {
	fanIn, fanOut := 1, 1
	for i, d := range r.shape {
		if d < 1 {
			s.g.Fail(r.kind(), "sizes must be at least 1, got %v", r.shape)
		}
		if i != 0 || len(r.shape) == 1 {
			fanIn *= d
		}
		if i != 1 {
			fanOut *= d
		}
	}
	fill := fillWith(r.init, fanIn, fanOut)
	if r.held != nil {
		fill = func(*rand.Rand, []float32) {} // take has the value
	}
	if r.trainable {
		return s.parameter("", fill, r.shape...)
	}
	return s.buffer("", fill, r.shape...)
}

// ModeOf returns the mode of the trace that x belongs to, Eval outside of one and in
// a layer that is [Frozen], for custom layers that differ between training and
// inference.
func ModeOf(x *graph.Node) Mode {
	if t, ok := x.Graph().Value(traceKey{}).(*tracing); ok && t != nil {
		return t.modeAt(x.Graph().CurrentPath(), nil)
	}
	return Eval
}
