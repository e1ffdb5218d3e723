package graph

import (
	"github.com/strideml/stride/tensor"
)

// BinaryKind names a function of two numbers.
type BinaryKind int

// The binary functions.
const (
	// KindAdd is a + b.
	KindAdd BinaryKind = iota
	// KindSub is a − b.
	KindSub
	// KindMul is a·b.
	KindMul
	// KindDiv is a / b.
	KindDiv
	// KindEqual is 1 where a = b and 0 elsewhere. It has no derivative.
	KindEqual
	// KindMinimum is the smaller of a and b, NaN if one of them is.
	KindMinimum
	// KindMaximum is the greater of a and b, NaN if one of them is.
	KindMaximum
	// KindLess is 1 where a < b and 0 elsewhere. It has no derivative.
	KindLess
	// KindLessEqual is 1 where a ≤ b and 0 elsewhere. It has no derivative.
	KindLessEqual
	// KindPower is a to the power of b, as C's pow: NaN for negative a unless b is
	// whole, and 1 where b is 0 or a is 1.
	KindPower
	// KindMod is a − b·⌊a/b⌋, with the sign of b: Python's remainder.
	KindMod
	// KindFMod is a − b·trunc(a/b), with the sign of a: C's fmod.
	KindFMod
)

var binaryNames = [...]string{"Add", "Sub", "Mul", "Div", "Equal", "Minimum", "Maximum", "Less", "LessEqual", "Power", "Mod", "FMod"}

// String returns the function's name, such as "Add".
func (k BinaryKind) String() string { return kindName(binaryNames[:], int(k), "BinaryKind") }

// BinaryOp applies a function to pairs of elements, with NumPy's broadcasting:
// shapes are aligned at the right, and a size of 1 (or a missing axis)
// repeats. Where the arguments of Minimum and Maximum are equal, each gets half
// of the derivative, as in PyTorch. The derivatives of Power are
//
//	b·a^(b−1) with respect to a, 0 where b = 0
//	a^b·log(a) with respect to b, 0 where a = 0 and b ≥ 0
//
// those of Mod and FMod 1 and the negative quotient, rounded as in the function.
type BinaryOp struct{ Func BinaryKind }

// Kind returns the function's name.
func (o BinaryOp) Kind() string { return o.Func.String() }

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
	case KindMinimum, KindMaximum:
		hitA, hitB := Equal(a, y), Equal(b, y)
		share := Div(dy, Add(hitA, hitB))
		return []*Node{sumTo(Mul(hitA, share), a.shape), sumTo(Mul(hitB, share), b.shape)}
	case KindMod, KindFMod:
		return o.modGradient(a, b, dy)
	case KindPower:
		zero := dy.graph.Scalar(0)
		da := Mul(dy, Mul(b, Power(a, Sub(b, dy.graph.Scalar(1)))))
		db := Mul(dy, Mul(y, Log(a)))
		flat := And(Equal(a, zero), LessEqual(zero, b))
		return []*Node{sumTo(Where(Equal(b, zero), zero, da), a.shape), sumTo(Where(flat, zero, db), b.shape)}
	}
	return []*Node{nil, nil}
}

// modGradient is the gradient of Mod and FMod.
func (o BinaryOp) modGradient(a, b, dy *Node) []*Node {
	quotient := Div(a, b)
	whole := Floor(quotient)
	if o.Func == KindFMod {
		whole = Where(Less(quotient, dy.graph.Scalar(0)), Ceil(quotient), whole)
	}
	return []*Node{sumTo(dy, a.shape), sumTo(Neg(Mul(dy, whole)), b.shape)}
}

func (BinaryOp) elementwise() {}

func (BinaryOp) cheap() {}

func (o BinaryOp) rebatch(b batching) (Op, bool) { return o, b.broadcast() }

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

// Minimum returns the smaller of a and b by elements, broadcast. Where they are
// equal, each gets half of the derivative.
func Minimum(a, b *Node) *Node { return a.graph.add(BinaryOp{KindMinimum}, a, b) }

// Maximum returns the greater of a and b by elements, broadcast. Where they are
// equal, each gets half of the derivative.
func Maximum(a, b *Node) *Node { return a.graph.add(BinaryOp{KindMaximum}, a, b) }

// Less returns 1 where a < b and 0 elsewhere, broadcast.
func Less(a, b *Node) *Node { return a.graph.add(BinaryOp{KindLess}, a, b) }

// LessEqual returns 1 where a ≤ b and 0 elsewhere, broadcast.
func LessEqual(a, b *Node) *Node { return a.graph.add(BinaryOp{KindLessEqual}, a, b) }

// Greater returns 1 where a > b and 0 elsewhere, broadcast: Less(b, a).
func Greater(a, b *Node) *Node { return Less(b, a) }

// GreaterEqual returns 1 where a ≥ b and 0 elsewhere, broadcast: LessEqual(b, a).
func GreaterEqual(a, b *Node) *Node { return LessEqual(b, a) }

// Power returns a to the power of b by elements, broadcast, as PyTorch's pow of two
// tensors. Negative numbers have only whole powers; all others are NaN. [Pow] is
// faster if all exponents are the same.
func Power(a, b *Node) *Node { return a.graph.add(BinaryOp{KindPower}, a, b) }

// Mod returns the remainder of a/b with the sign of b, broadcast, as Python's and
// PyTorch's remainder. It is NaN where b is 0.
func Mod(a, b *Node) *Node { return a.graph.add(BinaryOp{KindMod}, a, b) }

// FMod returns the remainder of a/b with the sign of a, broadcast, as C's and PyTorch's
// fmod. It is NaN where b is 0.
func FMod(a, b *Node) *Node { return a.graph.add(BinaryOp{KindFMod}, a, b) }
