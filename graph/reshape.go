package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// ReshapeOp gives its argument another shape with the same number of
// elements, in row-major order.
type ReshapeOp struct{ Shape tensor.Shape }

// Kind returns "Reshape".
func (ReshapeOp) Kind() string { return "Reshape" }

// Infer returns Shape.
func (o ReshapeOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if in[0].Size() != o.Shape.Size() {
		return nil, fmt.Errorf("cannot reshape %v (%d elements) to %v (%d elements)", in[0], in[0].Size(), o.Shape, o.Shape.Size())
	}
	return o.Shape, nil
}

func (o ReshapeOp) gradient(y, dy *Node) []*Node {
	return []*Node{Reshape(dy, y.inputs[0].shape...)}
}

func (ReshapeOp) cheap() {}

func (o ReshapeOp) rebatch(b batching) (Op, bool) {
	o.Shape = b.resize(o.Shape)
	return o, true
}

// Reshape returns x with another shape; one size may be −1 and is inferred.
func Reshape(x *Node, shape ...int) *Node {
	to := tensor.Shape(shape).Clone()
	if i := slices.Index(to, -1); i >= 0 {
		if slices.Contains(to[i+1:], -1) {
			fail(x.graph.failurePath(), "Reshape", "only one size may be -1, got %v", shape)
		}
		rest := 1
		for j, d := range to {
			if j != i {
				rest *= d
			}
		}
		if rest <= 0 || x.shape.Size()%rest != 0 {
			fail(x.graph.failurePath(), "Reshape", "cannot reshape %v to %v: %d does not divide %d elements", x.shape, shape, rest, x.shape.Size())
		}
		to[i] = x.shape.Size() / rest
	}
	for _, d := range to {
		if d < 1 {
			fail(x.graph.failurePath(), "Reshape", "sizes must be at least 1, got %v", shape)
		}
	}
	if x.shape.Equal(to) {
		return x
	}
	return x.graph.add(ReshapeOp{to}, x)
}

// Flatten keeps the first axis and joins the others: N×C×H×W becomes
// N×(C·H·W).
func Flatten(x *Node) *Node {
	if len(x.shape) < 1 {
		fail(x.graph.failurePath(), "Flatten", "input must have at least one axis")
	}
	return Reshape(x, x.shape[0], -1)
}
