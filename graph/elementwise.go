package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// UnaryKind names a function of one number.
type UnaryKind int

// The unary functions.
const (
	KindNeg UnaryKind = iota
	KindExp
	KindLog
	KindSqrt
	KindReLU
	KindSigmoid
	KindTanh
	KindReLU6
)

var unaryNames = [...]string{"Neg", "Exp", "Log", "Sqrt", "ReLU", "Sigmoid", "Tanh", "ReLU6"}

// UnaryOp applies a function to each element. ReLU(x) = max(0, x), NaN staying
// NaN; ReLU6(x) = min(max(0, x), 6), NaN staying NaN; Sigmoid(x) = 1/(1+e⁻ˣ).
type UnaryOp struct{ Func UnaryKind }

// Kind returns the function's name.
func (o UnaryOp) Kind() string { return unaryNames[o.Func] }

// Infer returns the argument's shape.
func (o UnaryOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return in[0], nil
}

func (o UnaryOp) gradient(y, dy *Node) []*Node {
	x := y.inputs[0]
	switch o.Func {
	case KindNeg:
		return []*Node{Neg(dy)}
	case KindExp:
		return []*Node{Mul(dy, y)}
	case KindLog:
		return []*Node{Div(dy, x)}
	case KindSqrt:
		return []*Node{Div(Mul(dy, dy.graph.Scalar(0.5)), y)}
	default:
		return []*Node{dy.graph.add(UnaryGradOp{Func: o.Func}, y, dy)}
	}
}

// UnaryGradOp is the derivative of a unary function expressed by its result y:
// dy where y > 0 and 0 elsewhere (ReLU), dy where 0 < y < 6 and 0 elsewhere
// (ReLU6), dy·y·(1−y) (Sigmoid), dy·(1−y²) (Tanh). Arguments: y, dy. Only these
// four functions occur.
type UnaryGradOp struct {
	noGradient
	Func UnaryKind
}

// Kind returns the function's name followed by "Grad".
func (o UnaryGradOp) Kind() string { return unaryNames[o.Func] + "Grad" }

// Infer returns the common shape of y and dy.
func (o UnaryGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("shapes %v and %v differ", in[0], in[1])
	}
	return in[0], nil
}

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

// Neg returns −x.
func Neg(x *Node) *Node { return x.graph.add(UnaryOp{KindNeg}, x) }

// Exp returns eˣ.
func Exp(x *Node) *Node { return x.graph.add(UnaryOp{KindExp}, x) }

// Log returns the natural logarithm of x.
func Log(x *Node) *Node { return x.graph.add(UnaryOp{KindLog}, x) }

// Sqrt returns √x.
func Sqrt(x *Node) *Node { return x.graph.add(UnaryOp{KindSqrt}, x) }

// ReLU returns max(0, x). Its derivative at 0 is 0.
func ReLU(x *Node) *Node { return x.graph.add(UnaryOp{KindReLU}, x) }

// ReLU6 returns min(max(0, x), 6), the activation of MobileNetV2. Its
// derivative at 0 and at 6 is 0, as in PyTorch.
func ReLU6(x *Node) *Node { return x.graph.add(UnaryOp{KindReLU6}, x) }

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(x *Node) *Node { return x.graph.add(UnaryOp{KindSigmoid}, x) }

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *Node) *Node { return x.graph.add(UnaryOp{KindTanh}, x) }

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

// Broadcast repeats x to the given shape under NumPy's rules.
func Broadcast(x *Node, shape ...int) *Node {
	if x.shape.Equal(shape) {
		return x
	}
	return x.graph.add(BroadcastOp{tensor.Shape(shape).Clone()}, x)
}
