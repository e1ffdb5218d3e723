package main

import (
	"bytes"
	"slices"

	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// A probe is a file with one node of an operator, whose arguments are all the input: its
// numbers as they are, or as truth values.
type probe struct {
	operator  string
	arguments int
	truth     int  // how many arguments, of the first ones, are truth values
	asNumbers bool // the result is no number and becomes one
	axes      bool // the node has the attribute axes, as reductions before opset 18

	// Of operators that need more than copies of the input:
	opset      int64 // 0 is 24
	inputs     []string
	tensors    []*proto.Tensor
	attributes []*proto.Attribute
	outputs    []string // nil is y
	shape      []int64  // of x, nil is 2×4×6×6
}

// special are the files of operators that need arguments of their own.
var special = []probe{
	{operator: "ConvTranspose", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{{Name: "w", Type: proto.Float, Dims: []int64{4, 2, 3, 3}, FloatData: weights(72)}}},
	{operator: "Resize", inputs: []string{"x", "", "scales"}, tensors: []*proto.Tensor{floats("scales", 1, 1, 2, 2)}},
	{operator: "Resize", inputs: []string{"x", "", "scales"}, tensors: []*proto.Tensor{floats("scales", 1, 1, 2, 2)}, attributes: []*proto.Attribute{word("mode", "linear")}},
	{operator: "Upsample", opset: 9, inputs: []string{"x", "scales"}, tensors: []*proto.Tensor{floats("scales", 1, 1, 2, 2)}},
	{operator: "TopK", inputs: []string{"x", "k"}, tensors: []*proto.Tensor{{Name: "k", Type: proto.Int64, Dims: []int64{1}, Int64Data: []int64{2}}}},
	{operator: "CumSum", inputs: []string{"x", "axis"}, tensors: []*proto.Tensor{{Name: "axis", Type: proto.Int64, Int64Data: []int64{2}}}},
	{operator: "QuantizeLinear", inputs: []string{"x", "s"}, asNumbers: true, tensors: []*proto.Tensor{floats("s", 0.1)}},
	{operator: "DequantizeLinear", inputs: []string{"x", "s"}, tensors: []*proto.Tensor{floats("s", 0.1)}},
	{operator: "ArgMin", inputs: []string{"x"}, asNumbers: true, attributes: []*proto.Attribute{{Name: "axis", Type: proto.AttributeInt, I: 1}}},
}

func weights(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(i%7) / 7
	}
	return w
}

func floats(name string, values ...float32) *proto.Tensor {
	return &proto.Tensor{Name: name, Type: proto.Float, Dims: []int64{int64(len(values))}, FloatData: values}
}

func word(name, value string) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeString, S: value}
}

// probes are the files in which an operator that no file of testdata has may be read.
func probes(op *operators.Operator) (list []probe) {
	for _, p := range special {
		if p.operator == op.Name {
			list = append(list, p)
		}
	}
	for arguments := max(1, op.Arguments); arguments <= max(3, op.Arguments); arguments++ {
		for _, asNumbers := range []bool{false, true} {
			for _, truth := range []int{0, 1, arguments} {
				list = append(list, probe{operator: op.Name, arguments: arguments, truth: truth, asNumbers: asNumbers})
			}
		}
	}
	if slices.Contains(op.Attributes, "axes") {
		list = append(list, probe{operator: op.Name, arguments: 1, axes: true})
	}
	return list
}

// read reads the file.
func (p probe) read() (*onnx.Network, error) {
	to := func(name, from, result string, t proto.DataType) *proto.Node {
		return &proto.Node{Name: name, OpType: "Cast", Inputs: []string{from}, Outputs: []string{result},
			Attributes: []*proto.Attribute{{Name: "to", Type: proto.AttributeInt, I: int64(t)}}}
	}
	shape := p.shape
	if shape == nil {
		shape = []int64{2, 4, 6, 6}
	}
	info := func(name string) *proto.ValueInfo {
		v := &proto.ValueInfo{Name: name, Type: proto.Float, HasShape: true}
		for _, size := range shape {
			v.Dims = append(v.Dims, proto.Dim{Value: size})
		}
		return v
	}
	args := p.inputs
	if args == nil {
		args = slices.Concat(slices.Repeat([]string{"truth"}, p.truth), slices.Repeat([]string{"x"}, p.arguments-p.truth))
	}
	m := &proto.Model{IRVersion: 10, Opsets: []proto.Opset{{Version: 24}}, Graph: &proto.Graph{
		Name: "probe", Inputs: []*proto.ValueInfo{info("x")}, Outputs: []*proto.ValueInfo{info("y")},
		Nodes:        []*proto.Node{to("truth", "x", "truth", proto.Bool), {Name: "probe", OpType: p.operator, Inputs: args, Outputs: []string{"y"}, Attributes: p.attributes}},
		Initializers: p.tensors,
	}}
	if p.outputs != nil {
		m.Graph.Nodes[1].Outputs = p.outputs
	}
	if p.opset > 0 {
		m.Opsets[0].Version = p.opset
	}
	if p.axes {
		m.Opsets[0].Version = 13
		m.Graph.Nodes[1].Attributes = []*proto.Attribute{{Name: "axes", Type: proto.AttributeInts, Ints: []int64{1}}}
	}
	if p.asNumbers {
		m.Graph.Nodes[1].Outputs[0] = "result"
		m.Graph.Nodes = append(m.Graph.Nodes, to("numbers", "result", "y", proto.Float))
	}
	var file bytes.Buffer
	if err := proto.Encode(&file, m); err != nil {
		return nil, err
	}
	return onnx.Read(file.Bytes(), onnx.Options{})
}
