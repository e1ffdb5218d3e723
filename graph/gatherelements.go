package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// GatherElementsOp takes from each line along Axis the elements with the indices in the
// same line of the second argument. Arguments: x and indices, whole numbers as float32;
// their other sizes must be equal. An index of no element gives NaN. The derivative
// adds up what each element was copied to.
type GatherElementsOp struct{ Axis int }

// GatherElementsGradOp is the derivative of GatherElementsOp with respect to x, whose
// size along Axis is Size. Arguments: indices and dy.
type GatherElementsGradOp struct {
	noGradient
	Axis, Size int
}

// Kind returns "GatherElements".
func (GatherElementsOp) Kind() string { return "GatherElements" }

// Kind returns "GatherElementsGrad".
func (GatherElementsGradOp) Kind() string { return "GatherElementsGrad" }

// Infer returns the shape of the indices.
func (o GatherElementsOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	x, indices := in[0], in[1]
	if len(x) != len(indices) {
		return nil, fmt.Errorf("ranks of x and indices differ: %v and %v", x, indices)
	}
	for i := range x {
		if i != o.Axis && x[i] != indices[i] {
			return nil, fmt.Errorf("x has shape %v, indices %v: only axis %d may differ", x, indices, o.Axis)
		}
	}
	return indices, nil
}

// Infer sets the size of Axis to Size.
func (o GatherElementsGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	out := in[0].Clone()
	out[o.Axis] = o.Size
	return out, nil
}

func (o GatherElementsOp) gradient(y, dy *Node) []*Node {
	size := y.inputs[0].shape[o.Axis]
	return []*Node{dy.graph.add(GatherElementsGradOp{Axis: o.Axis, Size: size}, y.inputs[1], dy), nil}
}

func (o GatherElementsOp) rebatch(b batching) (Op, bool) { return o, b.all() && o.Axis != 0 }

// GatherElements returns the elements of x along axis (negative: from the end) whose
// indices are those in the same line of indices, as PyTorch's gather and ONNX's
// GatherElements. All other sizes of x and indices must be equal. Indices are float32
// and get no derivative.
func GatherElements(x *Node, axis int, indices *Node) *Node {
	return x.graph.add(GatherElementsOp{checkedAxes(x, "GatherElements", []int{axis})[0]}, x, indices)
}
