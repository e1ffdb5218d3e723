package nn

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// A Param is a tensor that belongs to a custom layer: a [Parameter] or a
// [Buffer].
type Param struct {
	shape     []int
	init      Initializer
	trainable bool
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
