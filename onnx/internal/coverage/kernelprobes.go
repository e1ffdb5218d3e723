package main

import (
	"github.com/strideml/stride/onnx/internal/operators"
	"github.com/strideml/stride/onnx/internal/proto"
)

// batch is the shape of the input that the kernels of operators are looked for with: large
// enough for every kernel, whatever the instruction set.
var batch = []int64{2, 16, 32, 32}

// elements is the size of that input. What runs so often is a loop over the elements.
const elements = 2 * 16 * 32 * 32

// typical are the nodes of operators whose arguments are not all x, a batch.
var typical = []probe{
	// convolutions and products
	{operator: "Conv", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 16, 3, 3)}},
	{operator: "ConvTranspose", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 16, 3, 3)}},
	{operator: "Gemm", shape: []int64{2, 256}, inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 256, 64)}},
	{operator: "MatMul", shape: []int64{2, 256}, inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 256, 64)}},
	// windows
	{operator: "MaxPool", inputs: []string{"x"}, attributes: []*proto.Attribute{integers("kernel_shape", 2, 2), integers("strides", 2, 2)}},
	{operator: "AveragePool", inputs: []string{"x"}, attributes: []*proto.Attribute{integers("kernel_shape", 2, 2), integers("strides", 2, 2)}},
	{operator: "LpPool", inputs: []string{"x"}, attributes: []*proto.Attribute{integers("kernel_shape", 2, 2), integers("strides", 2, 2)}},
	{operator: "LRN", inputs: []string{"x"}, attributes: []*proto.Attribute{integer("size", 5)}},
	{operator: "Resize", inputs: []string{"x", "", "scales"}, tensors: []*proto.Tensor{floats("scales", 1, 1, 2, 2)}, attributes: []*proto.Attribute{word("mode", "linear")}},
	{operator: "Upsample", opset: 9, inputs: []string{"x", "scales"}, tensors: []*proto.Tensor{floats("scales", 1, 1, 2, 2)}, attributes: []*proto.Attribute{word("mode", "nearest")}},
	// normalizations and what is added or multiplied by channels
	{operator: "BatchNormalization", inputs: []string{"x", "w", "b", "m", "v"}, tensors: []*proto.Tensor{filled("w", 16), filled("b", 16), filled("m", 16), filled("v", 16)}},
	{operator: "InstanceNormalization", inputs: []string{"x", "w", "b"}, tensors: []*proto.Tensor{filled("w", 16), filled("b", 16)}},
	{operator: "LayerNormalization", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 32)}},
	{operator: "GroupNormalization", inputs: []string{"x", "w", "b"}, tensors: []*proto.Tensor{filled("w", 16), filled("b", 16)}, attributes: []*proto.Attribute{integer("num_groups", 4)}},
	{operator: "PRelu", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 1, 1)}},
	{operator: "Pow", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{floats("w", 1.5)}},
	{operator: "Clip", inputs: []string{"x", "low", "high"}, tensors: []*proto.Tensor{scalar("low", -0.5), scalar("high", 0.5)}},
	{operator: "Max", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 1, 1)}},
	{operator: "Min", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 1, 1)}},
	{operator: "Mean", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 1, 1)}},
	{operator: "Sum", inputs: []string{"x", "w"}, tensors: []*proto.Tensor{filled("w", 16, 1, 1)}},
	{operator: "Cast", inputs: []string{"x"}, asNumbers: true, attributes: []*proto.Attribute{integer("to", int64(proto.Bool))}},
	{operator: "ReduceSum", inputs: []string{"x", "axes"}, tensors: []*proto.Tensor{numbers("axes", 1)}},
	// quantized networks
	{operator: "QuantizeLinear", inputs: []string{"x", "s"}, asNumbers: true, tensors: []*proto.Tensor{scalar("s", 0.1)}},
	{operator: "DequantizeLinear", inputs: []string{"x", "s"}, tensors: []*proto.Tensor{scalar("s", 0.1)}},
	// what moves elements
	{operator: "Reshape", inputs: []string{"x", "shape"}, tensors: []*proto.Tensor{numbers("shape", 0, -1)}},
	{operator: "Squeeze", shape: []int64{2, 16, 32, 1}, inputs: []string{"x", "axes"}, tensors: []*proto.Tensor{numbers("axes", 3)}},
	{operator: "Unsqueeze", inputs: []string{"x", "axes"}, tensors: []*proto.Tensor{numbers("axes", 4)}},
	{operator: "Transpose", inputs: []string{"x"}, attributes: []*proto.Attribute{integers("perm", 0, 2, 3, 1)}},
	{operator: "Expand", shape: []int64{2, 16, 32, 1}, inputs: []string{"x", "shape"}, tensors: []*proto.Tensor{numbers("shape", 2, 16, 32, 32)}},
	{operator: "Tile", inputs: []string{"x", "repeats"}, tensors: []*proto.Tensor{numbers("repeats", 1, 1, 2, 2)}},
	{operator: "Concat", inputs: []string{"x", "x"}, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "Split", inputs: []string{"x"}, outputs: []string{"y", "z"}, attributes: []*proto.Attribute{integer("axis", 1), integer("num_outputs", 2)}},
	{operator: "Slice", inputs: []string{"x", "starts", "ends", "axes"}, tensors: []*proto.Tensor{numbers("starts", 1), numbers("ends", 31), numbers("axes", 2)}},
	{operator: "Gather", inputs: []string{"x", "i"}, tensors: []*proto.Tensor{numbers("i", 3, 1, 2)}, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "GatherElements", shape: []int64{1, 16, 64, 32}, inputs: []string{"x", "i"}, tensors: []*proto.Tensor{indices("i", 16, 1, 16, 64, 32)}, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "Pad", inputs: []string{"x", "pads"}, tensors: []*proto.Tensor{numbers("pads", 0, 0, 1, 1, 0, 0, 1, 1)}},
	{operator: "DepthToSpace", inputs: []string{"x"}, attributes: []*proto.Attribute{integer("blocksize", 2)}},
	{operator: "SpaceToDepth", inputs: []string{"x"}, attributes: []*proto.Attribute{integer("blocksize", 2)}},
	// the largest
	{operator: "TopK", inputs: []string{"x", "k"}, tensors: []*proto.Tensor{numbers("k", 5)}, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "ArgMax", inputs: []string{"x"}, asNumbers: true, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "ArgMin", inputs: []string{"x"}, asNumbers: true, attributes: []*proto.Attribute{integer("axis", 1)}},
	{operator: "CumSum", inputs: []string{"x", "axis"}, tensors: []*proto.Tensor{{Name: "axis", Type: proto.Int64, Int64Data: []int64{2}}}},
}

// typicalOf returns the nodes of an operator, of which the first that can be read counts.
func typicalOf(op *operators.Operator) (list []probe) {
	for _, p := range typical {
		if p.operator == op.Name {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		list = probes(op)
	}
	for i := range list {
		if list[i].shape == nil {
			list[i].shape = batch
		}
	}
	return list
}

func filled(name string, shape ...int64) *proto.Tensor {
	n := int64(1)
	for _, size := range shape {
		n *= size
	}
	return &proto.Tensor{Name: name, Type: proto.Float, Dims: shape, FloatData: weights(int(n))}
}

func numbers(name string, values ...int64) *proto.Tensor {
	return &proto.Tensor{Name: name, Type: proto.Int64, Dims: []int64{int64(len(values))}, Int64Data: values}
}

// indices are numbers from 0 to below an end.
func indices(name string, end int64, shape ...int64) *proto.Tensor {
	t := &proto.Tensor{Name: name, Type: proto.Int64, Dims: shape}
	for i := range filled(name, shape...).FloatData {
		t.Int64Data = append(t.Int64Data, int64(i)*7%end)
	}
	return t
}

func scalar(name string, value float32) *proto.Tensor {
	return &proto.Tensor{Name: name, Type: proto.Float, FloatData: []float32{value}}
}

func integer(name string, value int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeInt, I: value}
}

func integers(name string, values ...int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttributeInts, Ints: values}
}
