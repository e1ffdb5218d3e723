package nn

import "github.com/strideml/stride/graph"

// A Layer adds operators to the graph of x and returns their result. Layers
// are values that describe what to compute; the tensors they need belong to
// the [Model] that traces them.
//
// A custom block is any type with a Forward that calls the Forward of layers
// held in its fields, and functions of package graph.
type Layer interface {
	Forward(x *graph.Node) *graph.Node
}

// leaf is implemented by the layers of this package that hold no others. They
// are told apart by pointer, so their types must not have size zero: pointers
// to distinct variables without a size may be equal.
type leaf interface {
	Layer
	// kind is the name printed in summaries and messages.
	kind() string
}

// A scope is what a leaf sees of the trace while it adds its operators.
type scope struct {
	g     *graph.Graph
	trace *tracing // nil outside of a trace
	layer leaf
	path  string
	known bool // the layer was found by the model's walk
}

// within runs build with the graph's path set to the layer's, and records the
// call for Summary. Outside of a trace, or for a layer that the walk did not
// find, the path stays as it is.
func within(l leaf, x *graph.Node, build func(s scope) *graph.Node) *graph.Node {
	g := x.Graph()
	s := scope{g: g, layer: l, path: g.CurrentPath()}
	s.trace, _ = g.Value(traceKey{}).(*tracing)
	if isNil(l) {
		s.trace.failNil(g, l)
	}
	if s.trace == nil {
		return build(s)
	}
	if p, ok := s.trace.model.places[l]; ok {
		s.path, s.known = p.path, true
		defer enter(g, p.path)()
	}
	defer g.SetPath(g.SetPath(s.path))
	c := call{path: s.path, kind: l.kind(), loose: !s.known, first: len(g.Nodes())}
	_, isParam := l.(*Param)
	s.trace.depth++
	c.output = s.trace.record(l, s.path, s.known && !isParam, func() *graph.Node { return build(s) })
	s.trace.depth--
	c.last = len(g.Nodes())
	if s.trace.depth == 0 {
		s.trace.calls = append(s.trace.calls, c)
	}
	return c.output
}

// mode is the layer's mode: that of the trace, unless the layer is frozen, and Eval
// outside of one.
func (s scope) mode() Mode {
	if s.trace == nil {
		return Eval
	}
	return s.trace.modeAt(s.path, s.layer)
}

// parameter returns the node of the layer's trainable variable of that name,
// which is made, and filled by fill, when it is first asked for.
func (s scope) parameter(name string, fill filler, shape ...int) *graph.Node {
	return s.variable(name, true, fill, shape)
}

// buffer is parameter for a variable that is not trained.
func (s scope) buffer(name string, fill filler, shape ...int) *graph.Node {
	return s.variable(name, false, fill, shape)
}

func (s scope) variable(name string, trainable bool, fill filler, shape []int) *graph.Node {
	s.require("parameters")
	if s.trace.probed != nil {
		n, err := s.trace.stand(s.g, join(s.path, name), trainable, shape)
		if err != nil {
			s.g.Fail(s.layer.kind(), "%w", err)
		}
		return n
	}
	v, err := s.trace.model.variable(s.layer, name, trainable, fill, shape)
	if err != nil {
		s.g.Fail(s.layer.kind(), "%w", err)
	}
	return s.g.Variable(v)
}

// require fails unless the layer is part of the model being traced, which it
// must be to own something.
func (s scope) require(what string) {
	switch {
	case s.trace == nil:
		s.g.Fail(s.layer.kind(), "the layer has %s and can only be used in a network that nn.New made a model of", what)
	case !s.known:
		s.g.Fail(s.layer.kind(), "the layer has %s but is not part of the network: keep it in a field (struct, slice, map or Sequential) instead of making it inside Forward", what)
	}
}

// update assigns value(old) to a variable at the end of a run, where old is
// its value, or what an earlier use of the layer in this trace assigns to it: a
// layer used twice in a network updates twice.
func (s scope) update(variable *graph.Node, value func(old *graph.Node) *graph.Node) {
	old := variable
	if pending, ok := s.trace.pending[variable]; ok {
		old = pending
	}
	latest := value(old)
	s.trace.pending[variable] = latest
	s.g.Assign(variable, latest)
}

// weights returns the nodes of a weight of the given shape and its bias, nil
// without one.
func (s scope) weights(init, initBias Initializer, noBias bool, fanIn, fanOut int, shape ...int) (weight, bias *graph.Node) {
	s.require("parameters")
	if init == nil {
		init = s.trace.model.init
	}
	if initBias == nil {
		initBias = PyTorchDefault()
	}
	weight = s.parameter("weight", fillWith(init, fanIn, fanOut), shape...)
	if !noBias {
		bias = s.parameter("bias", fillWith(initBias, fanIn, fanOut), shape[0])
	}
	return weight, bias
}
