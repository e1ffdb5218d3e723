package importer

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// expandQuantized replaces the operators on integers that have their own rounding by those on floats between
// DequantizeLinear and QuantizeLinear, which mean the same but for the rounding of sums.
func (p *Program) expandQuantized() {
	var steps []*step
	for _, s := range p.steps {
		expand := expansions[s.node.OpType]
		if expand == nil || !operators.Domain(s.node.Domain) || len(s.node.Outputs) != 1 || len(s.node.Inputs) < 8 {
			steps = append(steps, s)
			continue
		}
		steps = append(steps, expand(s)...)
	}
	p.steps = steps
}

// expansions has what replaces the nodes of an operator, which have at least eight arguments.
var expansions = map[string]func(s *step) []*step{"QLinearConv": expandConv, "QLinearMatMul": expandMatMul}

// An expansion replaces a step by several.
type expansion struct {
	of    *step
	steps []*step
}

// add adds a step, of the operators' version that has all that is used here, and returns the name of its result.
func (e *expansion) add(result, kind string, attributes []*proto.Attribute, inputs ...string) string {
	n := &proto.Node{Name: e.of.node.Name, OpType: kind, Inputs: inputs, Outputs: []string{result}, Attributes: attributes}
	e.steps = append(e.steps, &step{node: n, version: max(e.of.version, 13)})
	return result
}

// name makes a name for a value between the steps.
func (e *expansion) name(what string) string { return e.of.node.Outputs[0] + "/" + what }

func axis(i int64) []*proto.Attribute {
	return []*proto.Attribute{{Name: "axis", Type: proto.AttributeInt, I: i}}
}

func expandConv(s *step) []*step {
	e, in := &expansion{of: s}, s.node.Inputs
	x := e.add(e.name("x"), "DequantizeLinear", nil, in[0], in[1], in[2])
	w := e.add(e.name("w"), "DequantizeLinear", axis(0), in[3], in[4], in[5])
	inputs := []string{x, w}
	if len(in) > 8 && in[8] != "" {
		scale := e.add(e.name("bias_scale"), "Mul", nil, in[1], in[4])
		inputs = append(inputs, e.add(e.name("bias"), "DequantizeLinear", axis(0), in[8], scale))
	}
	y := e.add(e.name("y"), "Conv", s.node.Attributes, inputs...)
	e.add(s.node.Outputs[0], "QuantizeLinear", nil, y, in[6], in[7])
	return e.steps
}

func expandMatMul(s *step) []*step {
	e, in := &expansion{of: s}, s.node.Inputs
	a := e.add(e.name("a"), "DequantizeLinear", axis(-2), in[0], in[1], in[2])
	b := e.add(e.name("b"), "DequantizeLinear", axis(-1), in[3], in[4], in[5])
	y := e.add(e.name("y"), "MatMul", nil, a, b)
	e.add(s.node.Outputs[0], "QuantizeLinear", nil, y, in[6], in[7])
	return e.steps
}

// dequantizeTensors makes floats of the integers of the file that DequantizeLinear reads: weights, which are
// rounded to the same integers in the network, and biases of 32 bits, which are not.
func (p *Program) dequantizeTensors() error {
	for i, s := range p.steps {
		n := s.node
		if s.op == nil || n.OpType != "DequantizeLinear" || len(n.Inputs) < 2 || len(n.Outputs) != 1 {
			continue
		}
		q, scale := p.known[n.Inputs[0]], p.weights[n.Inputs[1]]
		if q == nil || q.Known == nil || q.Known.IsFloat() || q.Known.Size() <= 1 || scale == nil || scale.Value == nil {
			continue
		}
		bytes := q.Type == proto.Int8 || q.Type == proto.Uint8
		if q.Type == proto.Uint8 && len(n.Inputs) < 3 { // nothing says the type to round to
			continue
		}
		values, err := p.dequantized(n, q, scale)
		if err != nil {
			return fmt.Errorf("node %s: %w", describe(n), err)
		}
		name := p.floatName(n.Inputs[0])
		p.weights[name] = &Weight{Name: name, Shape: q.Shape.Clone(), Value: values, initializer: true}
		op, inputs := operators.Lookup("Identity"), []string{name}
		var attributes []*proto.Attribute
		if bytes {
			op, inputs, attributes = operators.FakeQuantized, append(inputs, n.Inputs[1:]...), n.Attributes
		}
		node := &proto.Node{Name: n.Name, OpType: op.Name, Inputs: inputs, Outputs: n.Outputs, Attributes: attributes}
		p.steps[i] = &step{node: node, op: op, version: s.version}
	}
	return nil
}

// floatName is the name of a weight as floats: exporters add "_quantized" to that of the weight.
func (p *Program) floatName(name string) string {
	short := strings.TrimSuffix(name, "_quantized")
	if short == name || p.weights[short] != nil || p.known[short] != nil {
		short = name + "_float"
	}
	return short
}

// dequantized computes (q − zero)·scale.
func (p *Program) dequantized(n *proto.Node, q *operators.Value, scale *Weight) (*tensor.Tensor, error) {
	k, s := q.Known, scale.Value.Data()
	inner := k.Size()
	if len(s) > 1 {
		at := int(n.Int("axis", 1))
		if at < 0 {
			at += len(q.Shape)
		}
		if at < 0 || at >= len(q.Shape) || q.Shape[at] != len(s) {
			return nil, fmt.Errorf("%d scales for a tensor of shape %v along axis %d", len(s), q.Shape, n.Int("axis", 1))
		}
		inner = q.Shape[at+1:].Size()
	}
	var zeros []int64
	if name := n.Input(2); name != "" {
		zero := p.known[name]
		if zero == nil || zero.Known == nil || zero.Known.IsFloat() || zero.Known.Size() != 1 && zero.Known.Size() != len(s) {
			return nil, fmt.Errorf("the zero point does not fit the scale")
		}
		zeros = zero.Known.Ints
	}
	values := tensor.New(q.Shape...)
	for i := range values.Data() {
		c := i / inner % len(s)
		v := k.Ints[i]
		if zeros != nil {
			v -= zeros[c%len(zeros)]
		}
		values.Data()[i] = float32(v) * s[c]
	}
	return values, nil
}

// Expands reports whether New replaces the nodes of a standard operator by those of others.
func Expands(operator string) bool { return expansions[operator] != nil }
