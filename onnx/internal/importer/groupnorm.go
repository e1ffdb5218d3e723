package importer

import (
	"slices"

	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// matchGroup returns the step that replaces a group normalization as PyTorch's TorchScript
// exporter writes it, around the given InstanceNormalization, and the last step of the chain;
// nil if it is none:
//
//	rows = Reshape(x, [0, groups, −1])
//	rows = InstanceNormalization(rows, [1 …], [0 …])
//	y = Reshape(rows, Shape(x))
//	y = Add(Mul(y, scale), shift)
//
// scale and shift are tensors of the file of shape C×1×…, or Unsqueeze of a vector; those of a
// layer without them are the numbers 1 and 0. Nothing else may use what is between.
func (m *normMatcher) matchGroup(instance *step) (norm, last *step) {
	rows := m.inner(instance, "InstanceNormalization", 0)
	if !is(rows, "Reshape") || len(instance.node.Inputs) != 3 || rows.node.Int("allowzero", 0) != 0 {
		return nil, nil
	}
	x := rows.node.Input(0)
	shape := m.known[rows.node.Input(1)]
	if shape == nil || shape.Known == nil || len(shape.Known.Ints) != 3 {
		return nil, nil
	}
	groups := shape.Known.Ints[1]
	back := m.next(instance, "Reshape", 0)
	dims := m.inner(back, "Reshape", 1)
	switch {
	case !slices.Equal(shape.Known.Ints, []int64{0, groups, -1}) || groups < 1:
		return nil, nil
	case !m.all(instance.node.Inputs[1], 1) || !m.all(instance.node.Inputs[2], 0):
		return nil, nil
	case !is(dims, "Shape") || dims.node.Input(0) != x || len(dims.node.Attributes) > 0:
		return nil, nil
	}
	n := &proto.Node{
		Name: instance.node.Name, OpType: operators.DecomposedGroupNorm.Name, Inputs: []string{x, "", ""}, Outputs: back.node.Outputs,
		Attributes: []*proto.Attribute{
			{Name: "num_groups", Type: proto.AttributeInt, I: groups}, {Name: "epsilon", Type: proto.AttributeFloat, F: instance.node.Float("epsilon", 1e-5)},
		},
	}
	chain := []*step{rows, instance, back}
	last = back
	for i, op := range []string{"Mul", "Add"} {
		next := m.next(last, op, 0)
		if next == nil || len(next.node.Inputs) != 2 {
			break
		}
		arg := next.node.Inputs[1]
		switch path, ok := m.perChannel(arg); {
		case ok:
			n.Inputs[1+i] = arg
			if path != "" {
				n.Name = path
			}
		case !m.all(arg, 1-i): // times 1, plus 0
			next = nil
		}
		if next == nil {
			break
		}
		n.Outputs = next.node.Outputs
		chain, last = append(chain, next), next
	}
	if !m.closed(chain, last) {
		return nil, nil
	}
	for _, s := range chain {
		m.dropped[s] = true
	}
	if len(m.uses[dims.node.Outputs[0]]) == 1 {
		m.dropped[dims] = true
	}
	return &step{node: n, op: operators.DecomposedGroupNorm, version: instance.version}, last
}

// next returns the only use of a step's result if it has the operator op and the result as
// argument i.
func (m *normMatcher) next(s *step, op string, i int) *step {
	name := s.node.Outputs[0]
	if len(m.uses[name]) != 1 || slices.Contains(m.Outputs, name) {
		return nil
	}
	if next := m.uses[name][0]; is(next, op) && next.node.Input(i) == name {
		return next
	}
	return nil
}

// all reports whether a name is that of a tensor of the file, or of one that Unsqueeze has given
// another shape, whose elements are all equal to v.
func (m *normMatcher) all(name string, v int) bool {
	if s := m.gives[name]; is(s, "Unsqueeze") {
		name = s.node.Input(0)
	}
	w := m.weights[name]
	return w != nil && w.known != nil && !slices.ContainsFunc(w.known.Floats, func(f float64) bool { return f != float64(v) })
}

// perChannel reports whether a name is that of a tensor of the file with a number for each
// channel, C×1×…, or of such a vector that Unsqueeze has given this shape; path is that of the
// layer that the vector's name says.
func (m *normMatcher) perChannel(name string) (path string, ok bool) {
	if w := m.weights[name]; w != nil {
		return "", w.initializer && len(w.Shape) > 1 && w.Shape[0] == w.Shape.Size() && w.Shape.Size() > 1
	}
	s := m.gives[name]
	if !is(s, "Unsqueeze") {
		return "", false
	}
	w := m.weights[s.node.Input(0)]
	if w == nil || !w.initializer || len(w.Shape) != 1 {
		return "", false
	}
	return layerpath.Of(w.Name), true
}
