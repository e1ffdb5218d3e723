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
}

// probes are the files in which an operator that no file of testdata has may be read.
func probes(op *operators.Operator) (list []probe) {
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
	info := func(name string) *proto.ValueInfo {
		return &proto.ValueInfo{Name: name, Type: proto.Float, HasShape: true, Dims: []proto.Dim{{Value: 2}, {Value: 4}, {Value: 6}, {Value: 6}}}
	}
	args := slices.Concat(slices.Repeat([]string{"truth"}, p.truth), slices.Repeat([]string{"x"}, p.arguments-p.truth))
	m := &proto.Model{IRVersion: 10, Opsets: []proto.Opset{{Version: 24}}, Graph: &proto.Graph{
		Name: "probe", Inputs: []*proto.ValueInfo{info("x")}, Outputs: []*proto.ValueInfo{info("y")},
		Nodes: []*proto.Node{to("truth", "x", "truth", proto.Bool), {Name: "probe", OpType: p.operator, Inputs: args, Outputs: []string{"y"}}},
	}}
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
