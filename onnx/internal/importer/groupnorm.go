package importer

import (
	"slices"

	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// matchGroup returns the steps that replace a group normalization as PyTorch's exporters write
// it, around the given InstanceNormalization, and the last step of the chain; nil if it is none:
//
//	rows = Reshape(x, [0, groups, −1])
//	rows = InstanceNormalization(rows, [1 …], [0 …])
//	y = Reshape(rows, Shape(x))
//	y = Add(Mul(y, scale), shift)
//
// scale and shift are tensors of the file of shape C×1×…, or Unsqueeze of a vector; those of a
// layer without them are the numbers 1 and 0. Nothing else may use what is between.
//
// In place of Shape(x), the exporter with dynamo writes [N, C, …] where all sizes are fixed, and
// Stride writes [0, C, …], and Reshape for Unsqueeze. As shapes of values are not known here, the first
// step is a Reshape of x to that then, which mostly changes nothing.
func (m *normMatcher) matchGroup(instance *step) (norm []*step, last *step) {
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
	if back == nil {
		return nil, nil
	}
	dims, fixed := m.gives[back.node.Input(1)], m.imageShape(back, shape.Known.Ints)
	switch {
	case shape.Known.Ints[0] != 0 || groups < 1 || shape.Known.Ints[2] != -1 && !fixed:
		return nil, nil
	case !m.all(instance.node.Inputs[1], 1) || !m.all(instance.node.Inputs[2], 0):
		return nil, nil
	case !fixed && (!is(dims, "Shape") || dims.node.Input(0) != x || dims.node.Int("start", 0) != 0 || dims.node.Attribute("end") != nil):
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
	norm = []*step{{node: n, op: operators.DecomposedGroupNorm, version: instance.version}}
	if fixed {
		// The name of the rows, which nothing gives any more, becomes that of the image.
		image := *back.node
		image.Inputs, image.Outputs = []string{x, back.node.Inputs[1]}, instance.node.Outputs
		n.Inputs = []string{image.Outputs[0], n.Inputs[1], n.Inputs[2], x}
		return append([]*step{{node: &image, op: back.op, version: back.version}}, norm...), last
	}
	if len(m.uses[dims.node.Outputs[0]]) == 1 {
		m.dropped[dims] = true
	}
	return norm, last
}

// imageShape reports whether a Reshape of rows to an image is to sizes that the file has: those of the
// samples and channels and of at least one axis more. rows is what the image was reshaped to.
func (m *normMatcher) imageShape(back *step, rows []int64) bool {
	v := m.known[back.node.Input(1)]
	if len(back.node.Inputs) != 2 || v == nil || v.Known == nil || len(v.Known.Ints) < 3 || back.node.Int("allowzero", 0) != 0 {
		return false
	}
	sample := int64(1)
	for _, size := range v.Known.Ints[1:] {
		if size < 1 || size > 1<<31 || sample > 1<<31 {
			return false
		}
		sample *= size
	}
	return rows[2] == -1 || v.Known.Ints[0] == 0 && rows[1] > 0 && sample%rows[1] == 0 && rows[2] == sample/rows[1]
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
// channel, C×1×…, or of such a vector that Unsqueeze or Reshape has given this shape; path is that
// of the layer that the vector's name says.
func (m *normMatcher) perChannel(name string) (path string, ok bool) {
	if w := m.weights[name]; w != nil {
		return "", w.initializer && len(w.Shape) > 1 && w.Shape[0] == w.Shape.Size() && w.Shape.Size() > 1
	}
	s := m.gives[name]
	if !is(s, "Unsqueeze") && !is(s, "Reshape") {
		return "", false
	}
	w := m.weights[s.node.Input(0)]
	if w == nil || !w.initializer || len(w.Shape) != 1 {
		return "", false
	}
	if is(s, "Reshape") {
		v := m.known[s.node.Input(1)]
		if v == nil || v.Known == nil || len(v.Known.Ints) < 2 || v.Known.Ints[0] != int64(w.Shape[0]) || slices.ContainsFunc(v.Known.Ints[1:], func(d int64) bool { return d != 1 }) {
			return "", false
		}
	}
	return layerpath.Of(w.Name), true
}
