package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// broadcast returns the common shape of a and b under NumPy's rules.
func broadcast(a, b tensor.Shape) (tensor.Shape, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := a.Clone()
	for i := range b {
		j := len(a) - len(b) + i
		switch {
		case a[j] == b[i] || b[i] == 1:
		case a[j] == 1:
			out[j] = b[i]
		default:
			return nil, fmt.Errorf("shapes %v and %v cannot be broadcast: sizes %d and %d differ and neither is 1", a, b, a[j], b[i])
		}
	}
	return out, nil
}

// sumTo sums n over the axes along which shape was broadcast to n's shape.
func sumTo(n *Node, shape tensor.Shape) *Node {
	if n.shape.Equal(shape) {
		return n
	}
	lead := len(n.shape) - len(shape)
	var axes []int
	for i := range n.shape {
		if i < lead || shape[i-lead] == 1 && n.shape[i] != 1 {
			axes = append(axes, i)
		}
	}
	if len(axes) > 0 {
		n = n.graph.add(ReduceOp{Func: KindSum, Axes: axes}, n)
	}
	return Reshape(n, shape...)
}

// BroadcastOp repeats its argument to Shape under NumPy's rules. Its
// derivative sums over the repeated axes.
type BroadcastOp struct{ Shape tensor.Shape }

// Kind returns "BroadcastTo".
func (BroadcastOp) Kind() string { return "BroadcastTo" }

// Infer checks that the argument can be broadcast to Shape.
func (o BroadcastOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	out, err := broadcast(in[0], o.Shape)
	if err == nil && !out.Equal(o.Shape) {
		err = fmt.Errorf("shape %v cannot be broadcast to %v", in[0], o.Shape)
	}
	return out, err
}

func (o BroadcastOp) gradient(y, dy *Node) []*Node {
	return []*Node{sumTo(dy, y.inputs[0].shape)}
}

func (BroadcastOp) cheap() {}

// Broadcast repeats x to the given shape under NumPy's rules.
func Broadcast(x *Node, shape ...int) *Node {
	if x.shape.Equal(shape) {
		return x
	}
	return x.graph.add(BroadcastOp{tensor.Shape(shape).Clone()}, x)
}
