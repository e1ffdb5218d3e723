package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// GatherOp takes the elements with the given indices along Axis, in their order: an
// index may occur several times. The derivative adds up what each element was copied
// to.
type GatherOp struct {
	Axis    int
	Indices []int
}

// GatherGradOp is the derivative of GatherOp with respect to its argument, whose size
// along Axis is Size. Argument: dy.
type GatherGradOp struct {
	noGradient
	Gather GatherOp
	Size   int
}

// Kind returns "Gather".
func (GatherOp) Kind() string { return "Gather" }

// Kind returns "GatherGrad".
func (GatherGradOp) Kind() string { return "GatherGrad" }

// Infer sets the size of Axis to the number of indices.
func (o GatherOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis >= len(in[0]) {
		return nil, fmt.Errorf("axis %d is out of range for %v", o.Axis, in[0])
	}
	for _, i := range o.Indices {
		if i < 0 || i >= in[0][o.Axis] {
			return nil, fmt.Errorf("index %d is outside of axis %d of %v", i, o.Axis, in[0])
		}
	}
	out := in[0].Clone()
	out[o.Axis] = len(o.Indices)
	return out, nil
}

// Infer sets the size of Axis to Size.
func (o GatherGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	out := in[0].Clone()
	out[o.Gather.Axis] = o.Size
	return out, nil
}

func (o GatherOp) gradient(y, dy *Node) []*Node {
	size := y.inputs[0].shape[o.Axis]
	return []*Node{dy.graph.add(GatherGradOp{Gather: o, Size: size}, dy)}
}

func (GatherOp) cheap() {}

func (o GatherOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// Gather returns the elements of x with the given indices along axis (negative: from
// the end), as PyTorch's index_select. The size of the axis becomes the number of
// indices. Indices count from 0 and may repeat.
func Gather(x *Node, axis int, indices []int) *Node {
	return x.graph.add(GatherOp{checkedAxes(x, "Gather", []int{axis})[0], slices.Clone(indices)}, x)
}
