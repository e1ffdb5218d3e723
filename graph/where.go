package graph

import (
	"github.com/strideml/stride/tensor"
)

// WhereOp chooses between the elements of two arguments. Arguments: condition, a and
// b. The result is a where the condition is not 0 (NaN is not), and b elsewhere, with
// NumPy's broadcasting. The derivative goes to the element that was chosen.
type WhereOp struct{}

// Kind returns "Where".
func (WhereOp) Kind() string { return "Where" }

// Infer returns the broadcast shape.
func (WhereOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	both, err := broadcast(in[1], in[2])
	if err != nil {
		return nil, err
	}
	return broadcast(in[0], both)
}

func (WhereOp) gradient(y, dy *Node) []*Node {
	condition, a, b := y.inputs[0], y.inputs[1], y.inputs[2]
	zero := dy.graph.Scalar(0)
	return []*Node{nil, sumTo(Where(condition, dy, zero), a.shape), sumTo(Where(condition, zero, dy), b.shape)}
}

func (WhereOp) elementwise() {}

func (WhereOp) cheap() {}

func (o WhereOp) rebatch(b batching) (Op, bool) { return o, b.broadcast() }

// Where returns a where the condition is not 0, and b elsewhere, broadcast, as
// PyTorch's where. The condition gets no derivative.
func Where(condition, a, b *Node) *Node { return condition.graph.add(WhereOp{}, condition, a, b) }
