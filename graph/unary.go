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

func (UnaryOp) elementwise() {}

func (UnaryOp) cheap() {}

func (o UnaryOp) rebatch(batching) (Op, bool) { return o, true }

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

func (UnaryGradOp) elementwise() {}

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
