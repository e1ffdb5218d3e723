package importer

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// smallConstant is the most elements of floating-point constants that are computed with when a
// graph is built.
const smallConstant = 1 << 16

// knownVector is the most elements that are known before it is known which tensors are constants:
// those of the vectors and numbers that rules for several nodes look at. Weights are known in
// float64, which would take twice their memory.
const knownVector = 1 << 12

// readTensors reads the initializers that are used and the Constant nodes, which are dropped
// from the steps.
func (p *Program) readTensors(g *proto.Graph) error {
	used := map[string]bool{}
	for _, s := range p.steps {
		for _, name := range s.node.Inputs {
			used[name] = true
		}
	}
	for _, name := range p.Outputs {
		used[name] = true
	}
	for _, t := range g.Initializers {
		if used[t.Name] {
			if err := p.readTensor(t.Name, t, true); err != nil {
				return err
			}
		}
		if w := p.weights[t.Name]; w == nil || w.literal == nil {
			t.Raw = nil
		}
	}
	var rest []*step
	for _, s := range p.steps {
		if s.node.OpType != "Constant" || !operators.Domain(s.node.Domain) {
			rest = append(rest, s)
			continue
		}
		t, err := literal(s.node)
		if err == nil && len(s.node.Outputs) != 1 {
			err = fmt.Errorf("it has %d results, want one", len(s.node.Outputs))
		}
		if err == nil {
			err = p.readTensor(s.node.Outputs[0], t, false)
		}
		if err != nil {
			return fmt.Errorf("node %s: %w", describe(s.node), err)
		}
	}
	p.steps = rest
	return nil
}

// literal returns the tensor of a Constant node.
func literal(n *proto.Node) (*proto.Tensor, error) {
	if len(n.Attributes) != 1 {
		return nil, fmt.Errorf("it has %d attributes, want one", len(n.Attributes))
	}
	switch a := n.Attributes[0]; {
	case a.Name == "value" && a.T != nil:
		return a.T, nil
	case a.Name == "value_float":
		return &proto.Tensor{Type: proto.Float, FloatData: []float32{a.F}}, nil
	case a.Name == "value_floats":
		return &proto.Tensor{Type: proto.Float, Dims: []int64{int64(len(a.Floats))}, FloatData: a.Floats}, nil
	case a.Name == "value_int":
		return &proto.Tensor{Type: proto.Int64, Int64Data: []int64{a.I}}, nil
	case a.Name == "value_ints":
		return &proto.Tensor{Type: proto.Int64, Dims: []int64{int64(len(a.Ints))}, Int64Data: a.Ints}, nil
	default:
		return nil, fmt.Errorf("%s is not supported", a.Name)
	}
}

func (p *Program) readTensor(name string, t *proto.Tensor, initializer bool) error {
	if t.Name == "" {
		t.Name = name
	}
	if !tensordata.IsFloat(t.Type) {
		k, err := operators.Literal(p.reader, t)
		if err == nil {
			p.known[name] = operators.KnownValue(k)
		}
		return err
	}
	n, err := tensordata.Count(t)
	if err != nil {
		return err
	}
	if n == 0 {
		p.known[name] = operators.KnownValue(&constant.Tensor{Type: t.Type, Shape: tensordata.Shape(t), Floats: []float64{}})
		return nil
	}
	w := &Weight{Name: name, Shape: tensordata.Shape(t), initializer: initializer}
	switch {
	case n > knownVector && n <= smallConstant:
		w.literal = t
	case n <= knownVector:
		if w.known, err = operators.Literal(p.reader, t); err != nil {
			return err
		}
	}
	data, err := p.reader.Floats(t)
	if err != nil {
		return err
	}
	w.Value, err = tensor.FromSlice(data, w.Shape...)
	p.weights[name] = w
	return err
}

// skipIdentities makes what uses a copy of a tensor of the file use the tensor: exporters
// write tensors that are equal only once.
func (p *Program) skipIdentities() {
	same := map[string]string{}
	var rest []*step
	for _, s := range p.steps {
		n := s.node
		for i, name := range n.Inputs {
			if to, ok := same[name]; ok {
				n.Inputs[i] = to
			}
		}
		isCopy := n.OpType == "Identity" && s.op != nil && len(n.Outputs) == 1 && !slices.Contains(p.Outputs, n.Outputs[0])
		if isCopy && len(n.Inputs) == 1 && p.weights[n.Inputs[0]] != nil {
			same[n.Outputs[0]] = n.Inputs[0]
			continue
		}
		rest = append(rest, s)
	}
	p.steps = rest
}

// suffixes are the last parts of the names of weights by operator and position.
var suffixes = map[string][]string{
	"Conv": {1: "weight", 2: "bias"}, "ConvTranspose": {1: "weight", 2: "bias"}, "Gemm": {1: "weight", 2: "bias"},
	"BatchNormalization":    {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"},
	"InstanceNormalization": {1: "weight", 2: "bias"}, "LayerNormalization": {1: "weight", 2: "bias"}, "GroupNormalization": {1: "weight", 2: "bias"},
}

// untie gives layers that share a vector one for each. Exporters write vectors that are equal,
// such as the zeros of biases that were not trained, only once; trained further, they would
// stay equal. A weight with several axes that layers share is shared on purpose.
func (p *Program) untie() {
	taken := map[string]bool{}
	for _, s := range p.steps {
		names := suffixes[s.node.OpType]
		for i, name := range s.node.Inputs {
			w := p.weights[name]
			vector := w != nil && len(w.Shape) > 0 && (len(w.Shape) == 1 || s.op == operators.DecomposedGroupNorm && w.Shape[0] == w.Shape.Size())
			if !vector || w.Role == Constant || i >= len(names) || names[i] == "" {
				continue
			}
			if !taken[name] {
				taken[name] = true
				continue
			}
			path := layerpath.Of(s.node.Inputs[1])
			if first := p.weights[s.node.Inputs[1]]; path == "" || i > 1 && first != nil && len(first.Shape) == 1 && path != s.path {
				path = s.path
			}
			own := path + "." + names[i]
			for p.weights[own] != nil || p.known[own] != nil {
				own += "_"
			}
			c := *w
			c.Name, c.Value = own, w.Value.Clone()
			p.weights[own] = &c
			s.node.Inputs[i] = own
			taken[own] = true
		}
	}
}

// assignRoles finds out which tensors are weights: those that stand where an operator has its
// weights, also where they are computed from constants first, and the vectors that the result
// of a layer with weights is scaled with or added to.
func (p *Program) assignRoles() error {
	a := assigner{p, p.computed(), map[string]*step{}, map[string]bool{}, map[string]bool{}}
	for _, s := range p.steps {
		n := s.node
		computed := slices.ContainsFunc(n.Inputs, func(name string) bool { return a.computed[name] })
		behind := slices.ContainsFunc(n.Inputs, func(name string) bool { return a.behind[name] })
		if s.op != nil && computed {
			for _, i := range s.op.Weights {
				a.mark(n.Input(i), Parameter)
			}
			for _, i := range s.op.Buffers {
				a.mark(n.Input(i), Buffer)
			}
			if s.op.Scales && behind {
				for _, name := range n.Inputs {
					if w := p.weights[name]; w == nil || w.initializer && w.Shape.Size() > 1 {
						a.mark(name, Parameter)
					}
				}
			}
			behind = behind || len(s.op.Weights) > 0
		}
		for _, name := range n.Outputs {
			a.gives[name] = s
			a.behind[name] = computed && behind
		}
	}
	p.namePaths()
	p.untie()
	p.collectWeights()
	for _, w := range p.weights {
		var err error
		switch {
		case w.Role != Constant:
			w.known = nil
		case w.literal != nil:
			if w.known, err = operators.Literal(p.reader, w.literal); err != nil {
				return err
			}
		}
		if w.known != nil {
			w.Value = nil
		}
		w.literal = nil
	}
	return nil
}

// computed returns the names that depend on the input.
func (p *Program) computed() map[string]bool {
	computed := map[string]bool{}
	for _, in := range p.Inputs {
		computed[in.Name] = true
	}
	for _, s := range p.steps {
		if slices.ContainsFunc(s.node.Inputs, func(name string) bool { return computed[name] }) {
			for _, name := range s.node.Outputs {
				computed[name] = true
			}
		}
	}
	delete(computed, "")
	return computed
}

// collectWeights lists the parameters and buffers in the order of their first use.
func (p *Program) collectWeights() {
	p.order = nil
	seen := map[*Weight]bool{}
	for _, s := range p.steps {
		for _, name := range s.node.Inputs {
			if w := p.weights[name]; w != nil && w.Role != Constant && !seen[w] {
				seen[w] = true
				p.order = append(p.order, w)
			}
		}
	}
}

// An assigner follows weights back to where they come from.
type assigner struct {
	*Program
	computed map[string]bool // depends on the input
	gives    map[string]*step
	behind   map[string]bool // depends on the input by way of a layer with weights
	visited  map[string]bool
}

// mark gives a role to the tensors that a name comes from.
func (a *assigner) mark(name string, role Role) {
	if name == "" || a.computed[name] {
		return
	}
	if w := a.weights[name]; w != nil {
		if w.Role != Parameter {
			w.Role = role
		}
		return
	}
	s := a.gives[name]
	if s == nil || a.visited[name] {
		return
	}
	a.visited[name] = true
	if s.op == operators.FakeQuantized { // its scale is not trained
		a.mark(s.node.Inputs[0], role)
		return
	}
	for _, from := range s.node.Inputs {
		if w := a.weights[from]; w == nil || w.Shape.Size() > 1 {
			a.mark(from, role)
		}
	}
}
