package graph

import (
	"github.com/strideml/stride/tensor"
)

// BinaryKind names a function of two numbers.
type BinaryKind int

// The binary functions.
const (
	KindAdd BinaryKind = iota
	KindSub
	KindMul
	KindDiv
	KindEqual
)

var binaryNames = [...]string{"Add", "Sub", "Mul", "Div", "Equal"}

// BinaryOp applies a function to pairs of elements, with NumPy's broadcasting:
// shapes are aligned at the right, and a size of 1 (or a missing axis)
// repeats. Equal gives 1 where the two are equal and 0 elsewhere, and has no
// derivative.
type BinaryOp struct{ Func BinaryKind }

// Kind returns the function's name.
func (o BinaryOp) Kind() string { return binaryNames[o.Func] }

// Infer returns the broadcast shape.
func (o BinaryOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	return broadcast(in[0], in[1])
}

func (o BinaryOp) gradient(y, dy *Node) []*Node {
	a, b := y.inputs[0], y.inputs[1]
	switch o.Func {
	case KindAdd:
		return []*Node{sumTo(dy, a.shape), sumTo(dy, b.shape)}
	case KindSub:
		return []*Node{sumTo(dy, a.shape), sumTo(Neg(dy), b.shape)}
	case KindMul:
		return []*Node{sumTo(Mul(dy, b), a.shape), sumTo(Mul(dy, a), b.shape)}
	case KindDiv: // d(a/b) = da/b − (a/b)·db/b
		return []*Node{sumTo(Div(dy, b), a.shape), sumTo(Neg(Div(Mul(dy, y), b)), b.shape)}
	}
	return []*Node{nil, nil}
}

func (BinaryOp) elementwise() {}

func (BinaryOp) cheap() {}

// rebatch allows a constant that is repeated for each sample, but none that has
// a part for each.
func (o BinaryOp) rebatch(b batching) (Op, bool) {
	for i, in := range b.node.inputs {
		whole := len(in.shape) == len(b.node.shape)
		if b.batched[i] != whole && !(whole && in.shape[0] == 1) {
			return nil, false
		}
	}
	return o, true
}

// Add returns a + b, broadcast.
func Add(a, b *Node) *Node { return a.graph.add(BinaryOp{KindAdd}, a, b) }

// Sub returns a − b, broadcast.
func Sub(a, b *Node) *Node { return a.graph.add(BinaryOp{KindSub}, a, b) }

// Mul returns a · b by elements, broadcast.
func Mul(a, b *Node) *Node { return a.graph.add(BinaryOp{KindMul}, a, b) }

// Div returns a / b by elements, broadcast.
func Div(a, b *Node) *Node { return a.graph.add(BinaryOp{KindDiv}, a, b) }

// Equal returns 1 where a = b and 0 elsewhere, broadcast.
func Equal(a, b *Node) *Node { return a.graph.add(BinaryOp{KindEqual}, a, b) }
