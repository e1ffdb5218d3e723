package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// PadOp pads its argument with Value: Before[i] and After[i] elements
// along axis i.
type PadOp struct {
	Before, After []int
	Value         float32
}

// Kind returns "Pad".
func (PadOp) Kind() string { return "Pad" }

// Infer adds the padding to the shape.
func (o PadOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if len(o.Before) != len(in[0]) || len(o.After) != len(in[0]) {
		return nil, fmt.Errorf("padding %v, %v must have one entry for each axis of %v", o.Before, o.After, in[0])
	}
	out := in[0].Clone()
	for i := range out {
		if o.Before[i] < 0 || o.After[i] < 0 {
			return nil, fmt.Errorf("padding %v, %v must not be negative", o.Before, o.After)
		}
		out[i] += o.Before[i] + o.After[i]
	}
	return out, nil
}

func (o PadOp) gradient(y, dy *Node) []*Node {
	x := y.inputs[0].shape
	for i := range x {
		dy = Slice(dy, i, o.Before[i], o.Before[i]+x[i])
	}
	return []*Node{dy}
}

func (PadOp) cheap() {}

func (o PadOp) rebatch(batching) (Op, bool) { return o, o.Before[0] == 0 && o.After[0] == 0 }

// Pad pads x with value: before[i] and after[i] elements along axis i, none
// negative, as PyTorch's constant pad.
func Pad(x *Node, before, after []int, value float32) *Node {
	return x.graph.add(PadOp{slices.Clone(before), slices.Clone(after), value}, x)
}

// PadReflect pads x with its own elements, mirrored at the outermost ones, which are not
// repeated: before[i] and after[i] elements along axis i, at least 0 and less than the
// size of the axis, as PyTorch's reflection pad.
func PadReflect(x *Node, before, after []int) *Node {
	return padBy(x, "PadReflect", before, after, func(i, size int) int {
		if i < 0 {
			return -i
		}
		return 2*(size-1) - i
	})
}

// PadEdge pads x with its outermost elements: before[i] and after[i] elements along axis
// i, none negative, as PyTorch's replication pad.
func PadEdge(x *Node, before, after []int) *Node {
	return padBy(x, "PadEdge", before, after, func(i, size int) int { return min(max(0, i), size-1) })
}

// padBy pads by gathering along each axis: index returns what comes in the place of an
// element outside.
func padBy(x *Node, op string, before, after []int, index func(i, size int) int) *Node {
	if len(before) != len(x.shape) || len(after) != len(x.shape) {
		fail(x.graph.failurePath(), op, "padding %v, %v must have one entry for each axis of %v", before, after, x.shape)
	}
	for axis, size := range x.shape {
		if before[axis] < 0 || after[axis] < 0 {
			fail(x.graph.failurePath(), op, "padding %v, %v must not be negative", before, after)
		}
		if before[axis] == 0 && after[axis] == 0 {
			continue
		}
		var indices []int
		for i := -before[axis]; i < size+after[axis]; i++ {
			if i >= 0 && i < size {
				indices = append(indices, i)
				continue
			}
			from := index(i, size)
			if from < 0 || from >= size {
				fail(x.graph.failurePath(), op, "padding %v, %v must be less than the sizes of %v", before, after, x.shape)
			}
			indices = append(indices, from)
		}
		x = Gather(x, axis, indices)
	}
	return x
}
