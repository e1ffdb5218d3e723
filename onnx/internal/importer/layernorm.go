package importer

import (
	"slices"

	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// findNorms replaces normalizations that are written as several nodes. Group normalizations
// are those of matchGroup. Layer normalizations are written so for operator sets before 17,
// which have no LayerNormalization:
//
//	mean = ReduceMean(x)
//	centred = Sub(x, mean)
//	variance = ReduceMean(Pow(centred, 2))    or ReduceMean(Mul(centred, centred))
//	y = Div(centred, Sqrt(Add(variance, ε)))
//	y = Add(Mul(y, scale), shift)             if the layer has them
//
// Nothing else may use what is between, and both means must be over the same axes. scale and
// shift are tensors of the file.
func (p *Program) findNorms() {
	m := normMatcher{Program: p, gives: map[string]*step{}, uses: map[string][]*step{}, dropped: map[*step]bool{}}
	for _, s := range p.steps {
		for _, name := range s.node.Outputs {
			m.gives[name] = s
		}
		for _, name := range s.node.Inputs {
			m.uses[name] = append(m.uses[name], s)
		}
	}
	instead := map[*step][]*step{} // of the last step of a chain: all arguments are there by then
	for _, s := range p.steps {
		if n, last := m.match(s); n != nil {
			instead[last] = []*step{n}
		} else if n, last := m.matchGroup(s); n != nil {
			instead[last] = n
		}
	}
	var rest []*step
	for _, s := range p.steps {
		switch {
		case instead[s] != nil:
			rest = append(rest, instead[s]...)
		case !m.dropped[s]:
			rest = append(rest, s)
		}
	}
	p.steps = rest
}

// A normMatcher looks for normalizations.
type normMatcher struct {
	*Program
	gives   map[string]*step
	uses    map[string][]*step
	dropped map[*step]bool
}

// match returns the step that replaces a layer normalization with the given Div, and the last
// step of the chain; nil if it is none.
func (m *normMatcher) match(div *step) (norm, last *step) {
	if div.version < 7 { // without broadcasting as it is since
		return nil, nil
	}
	centred, root := m.inner(div, "Div", 0), m.inner(div, "Div", 1)
	sum := m.inner(root, "Sqrt", 0)
	variance, eps, ok := m.withConstant(sum, "Add")
	square := m.inner(variance, "ReduceMean", 0)
	if !ok || square == nil || centred == nil || !is(centred, "Sub") {
		return nil, nil
	}
	base := m.squared(square)
	mean := m.inner(centred, "Sub", 1)
	x := centred.node.Input(0)
	axes, known := m.meanAxes(mean)
	over, same := m.meanAxes(variance)
	switch {
	case base == nil || mean == nil || !known || !same || !slices.Equal(axes, over):
		return nil, nil
	case mean.node.Input(0) != x || !slices.Equal(base.node.Inputs, centred.node.Inputs):
		return nil, nil
	}
	chain := []*step{div, root, sum, variance, square, base, centred, mean}
	n := &proto.Node{
		Name: div.node.Name, OpType: operators.DecomposedLayerNorm.Name, Inputs: []string{x}, Outputs: div.node.Outputs,
		Attributes: []*proto.Attribute{
			{Name: "axes", Type: proto.AttributeInts, Ints: axes}, {Name: "epsilon", Type: proto.AttributeFloat, F: float32(eps)},
		},
	}
	last = div
	for i, op := range []string{"Mul", "Add"} {
		next, weight := m.scaled(last, op)
		if next == nil {
			break
		}
		if i == 1 && len(n.Inputs) == 1 {
			n.Inputs = append(n.Inputs, "") // a shift without a scale
		}
		n.Inputs, n.Outputs = append(n.Inputs, weight), next.node.Outputs
		chain, last = append(chain, next), next
	}
	if !m.closed(chain, last) {
		return nil, nil
	}
	for _, s := range chain {
		m.dropped[s] = true
	}
	return &step{node: n, op: operators.DecomposedLayerNorm, version: div.version}, last
}

// is reports whether a step has a standard operator of that name.
func is(s *step, op string) bool {
	return s != nil && s.op != nil && s.node.OpType == op && len(s.node.Outputs) == 1
}

// inner returns the step that gives argument i of s, which must have the operator op.
func (m *normMatcher) inner(s *step, op string, i int) *step {
	if !is(s, op) {
		return nil
	}
	return m.gives[s.node.Input(i)]
}

// number returns the only element of a constant of the file.
func (m *normMatcher) number(name string) (float64, bool) {
	t := (*operators.Value)(nil)
	if w := m.weights[name]; w != nil && w.known != nil {
		t = operators.KnownValue(w.known)
	} else {
		t = m.known[name]
	}
	switch {
	case t == nil || t.Known == nil || t.Known.Size() != 1:
		return 0, false
	case t.Known.IsFloat():
		return t.Known.Floats[0], true
	}
	return float64(t.Known.Ints[0]), true
}

// withConstant returns what gives the argument of a sum that is no constant, and the
// constant.
func (m *normMatcher) withConstant(s *step, op string) (*step, float64, bool) {
	if !is(s, op) || len(s.node.Inputs) != 2 {
		return nil, 0, false
	}
	for i, name := range s.node.Inputs {
		if v, ok := m.number(name); ok {
			return m.gives[s.node.Inputs[1-i]], v, true
		}
	}
	return nil, 0, false
}

// squared returns the step whose square s computes, nil if it computes none.
func (m *normMatcher) squared(s *step) *step {
	n := s.node
	base := m.gives[n.Input(0)]
	if !is(base, "Sub") {
		return nil
	}
	if is(s, "Mul") && n.Input(1) == n.Input(0) {
		return base
	}
	if exponent, ok := m.number(n.Input(1)); is(s, "Pow") && ok && exponent == 2 {
		return base
	}
	return nil
}

// meanAxes returns the axes of a mean that keeps them.
func (m *normMatcher) meanAxes(s *step) ([]int64, bool) {
	if !is(s, "ReduceMean") || s.node.Int("keepdims", 1) == 0 {
		return nil, false
	}
	if axes, ok := s.node.Ints("axes"); ok || s.version < 18 {
		return axes, len(axes) > 0
	}
	v := m.known[s.node.Input(1)]
	if v == nil || v.Known == nil || v.Known.IsFloat() {
		return nil, false
	}
	return v.Known.Ints, len(v.Known.Ints) > 0
}

// scaled returns the only use of a step's result if it has the operator op and a tensor of
// the file as the other argument.
func (m *normMatcher) scaled(s *step, op string) (next *step, weight string) {
	name := s.node.Outputs[0]
	if len(m.uses[name]) != 1 || slices.Contains(m.Outputs, name) {
		return nil, ""
	}
	next = m.uses[name][0]
	if !is(next, op) || len(next.node.Inputs) != 2 {
		return nil, ""
	}
	weight = next.node.Inputs[0]
	if weight == name {
		weight = next.node.Inputs[1]
	}
	if w := m.weights[weight]; w == nil || !w.initializer || w.Shape.Size() < 2 {
		return nil, ""
	}
	return next, weight
}

// closed reports whether only the chain uses what its steps give, but for the last one.
func (m *normMatcher) closed(chain []*step, last *step) bool {
	for _, s := range chain {
		if m.dropped[s] {
			return false
		}
		if s == last {
			continue
		}
		const most = 3 // uses: Mul(centred, centred) and Div
		outside := func(use *step) bool { return !slices.Contains(chain, use) }
		name := s.node.Outputs[0]
		if len(m.uses[name]) > most || slices.Contains(m.Outputs, name) || slices.ContainsFunc(m.uses[name], outside) {
			return false
		}
	}
	return true
}
