package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/strideml/stride/internal/layerpath"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/operators"
)

// A head is the last layer with weights on the way to the output.
type head struct {
	layer *step
	axis  int // of the weight, along which the classes lie
	bias  *step
	at    int     // the position of the bias among the arguments of that step, −1 without one
	after []*step // from the layer to the output
}

// ReplaceHead returns the program with a last layer for another number of classes, and the path
// of that layer. The values of its weights are nil.
func (p *Program) ReplaceHead(classes int) (*Program, string, error) {
	q := p.clone()
	h, err := q.findHead()
	if err != nil {
		return nil, "", err
	}
	weight := q.weights[h.layer.node.Inputs[1]]
	old := weight.Shape[h.axis]
	path := layerpath.Of(weight.Name)
	names := [2]string{weight.Name, ""}
	var bias *Weight
	if h.at >= 0 {
		bias = q.weights[h.bias.node.Inputs[h.at]]
		names[1] = bias.Name
		if layerpath.Of(bias.Name) != path {
			path = ""
		}
	}
	if path == "" {
		path = q.freePath("head")
		names = [2]string{path + ".weight", path + ".bias"}
	}
	fanIn := weight.Shape.Size() / old
	q.renew(h.layer, 1, weight, names[0], h.axis, classes, fanIn)
	if bias != nil {
		q.renew(h.bias, h.at, bias, names[1], len(bias.Shape)-1, classes, fanIn)
	}
	q.dropSoftmax(h.after)
	q.resizeShapes(h.after, old, classes)
	q.collectWeights()
	q.namePaths()
	return q, path, nil
}

// clone returns a program whose steps and names may be changed.
func (p *Program) clone() *Program {
	q := *p
	q.weights, q.known = maps.Clone(p.weights), maps.Clone(p.known)
	q.steps = make([]*step, len(p.steps))
	for i, s := range p.steps {
		c, n := *s, *s.node
		n.Inputs = slices.Clone(n.Inputs)
		c.node, c.file = &n, operators.Record{}
		q.steps[i] = &c
	}
	return &q
}

// findHead walks back from the output.
func (p *Program) findHead() (*head, error) {
	gives := map[string]*step{}
	for _, s := range p.steps {
		for _, name := range s.node.Outputs {
			gives[name] = s
		}
	}
	computed := p.computed()
	h := &head{at: -1}
	for name := p.Outputs[0]; ; {
		s := gives[name]
		if s == nil {
			return nil, errors.New("the network has no layer with weights behind its input")
		}
		h.after = append(h.after, s)
		switch n := s.node; n.OpType {
		case "Conv", "Gemm", "MatMul":
			return h, p.readHead(h, s)
		case "Add":
			for i := range 2 {
				if w := p.weights[n.Input(i)]; w != nil && w.Role == Parameter && w.Shape.Size() == max(1, w.Shape[len(w.Shape)-1]) {
					h.bias, h.at = s, i
				}
			}
			if h.bias != s {
				return nil, fmt.Errorf("the output comes from several layers, which %s adds", describe(n))
			}
			name = n.Input(1 - h.at)
		default:
			name = ""
			for _, in := range n.Inputs {
				if !computed[in] {
					continue
				}
				if name != "" {
					return nil, fmt.Errorf("the output comes from several layers, which %s joins", describe(n))
				}
				name = in
			}
		}
	}
}

// readHead notes where the layer has its weight and its bias.
func (p *Program) readHead(h *head, s *step) error {
	h.layer = s
	n := s.node
	w := p.weights[n.Input(1)]
	if w == nil || w.Role != Parameter {
		return fmt.Errorf("the weight of %s is computed", describe(n))
	}
	switch n.OpType {
	case "Gemm":
		h.axis = 1
		if n.Int("transB", 0) != 0 {
			h.axis = 0
		}
	case "MatMul":
		h.axis = len(w.Shape) - 1
	}
	if n.OpType == "MatMul" {
		if h.at >= 0 && p.weights[h.bias.node.Inputs[h.at]].Shape.Size() != w.Shape[h.axis] {
			h.at = -1
		}
		return nil
	}
	h.bias, h.at = s, -1
	if n.Input(2) != "" {
		b := p.weights[n.Input(2)]
		if b == nil || b.Role != Parameter || len(b.Shape) == 0 {
			return fmt.Errorf("the bias of %s is computed", describe(n))
		}
		h.at = 2
	}
	return nil
}

// freePath returns a path in which no weight lies.
func (p *Program) freePath(path string) string {
	for n := 2; ; n++ {
		if !slices.ContainsFunc(p.order, func(w *Weight) bool { return layerpath.In(w.Name, path) }) {
			return path
		}
		path = fmt.Sprintf("head%d", n)
	}
}

// renew gives a step a new weight in the place of an old one.
func (p *Program) renew(s *step, at int, old *Weight, name string, axis, size, fanIn int) {
	w := &Weight{Name: name, Shape: old.Shape.Clone(), Role: Parameter, FanIn: fanIn, initializer: true}
	w.Shape[axis] = size
	s.node.Inputs[at] = name
	p.weights[name] = w
}

// DropSoftmax returns the program without a softmax over the classes at its end; the program
// itself if there is none. rank is the number of axes of the output.
func (p *Program) DropSoftmax(rank int) *Program {
	last := p.Outputs[0]
	for i := len(p.steps) - 1; i >= 0; i-- { // steps come after what they use
		s := p.steps[i]
		if !slices.Contains(s.node.Outputs, last) {
			continue
		}
		if s.node.OpType == "Identity" {
			last = s.node.Input(0)
			continue
		}
		usual := int64(-1)
		if s.version < 13 {
			usual = 1
		}
		axis := s.node.Int("axis", usual)
		if s.node.OpType != "Softmax" || axis != 1 && (axis != -1 || rank != 2) {
			return p
		}
		q := p.clone()
		if len(q.Outputs) > 1 { // which may need it
			q.Outputs = append([]string{s.node.Input(0)}, q.Outputs[1:]...)
			return q
		}
		q.dropSoftmax(q.steps[i : i+1])
		return q
	}
	return p
}

// dropSoftmax makes the softmaxes among steps do nothing.
func (p *Program) dropSoftmax(after []*step) {
	for _, s := range after {
		if s.node.OpType == "Softmax" || s.node.OpType == "LogSoftmax" {
			s.node.OpType, s.node.Attributes = "Identity", nil
			s.op = operators.Lookup("Identity")
		}
	}
}

// resizeShapes changes the number of classes in the shapes that the file has written for
// Reshape nodes behind the head.
func (p *Program) resizeShapes(after []*step, old, classes int) {
	for _, s := range after {
		v := p.known[s.node.Input(1)]
		if s.node.OpType != "Reshape" || v == nil {
			continue
		}
		k := &constant.Tensor{Type: v.Known.Type, Shape: v.Known.Shape, Ints: slices.Clone(v.Known.Ints)}
		for i, d := range slices.Backward(k.Ints) {
			if d == int64(old) {
				k.Ints[i] = int64(classes)
				s.node.Inputs[1] += "/head"
				p.known[s.node.Inputs[1]] = operators.KnownValue(k)
				break
			}
		}
	}
}

// SameWeight reports whether two programs have the same tensor under a name.
func (p *Program) SameWeight(q *Program, name string) bool {
	return p.weights[name] != nil && p.weights[name] == q.weights[name]
}
