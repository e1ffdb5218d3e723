package graph

import (
	"fmt"
	"math"

	"github.com/strideml/stride/tensor"
)

// UnaryKind names a function of one number.
type UnaryKind int

// The unary functions. A and B are the parameters in [UnaryOp].
const (
	// KindNeg is −x.
	KindNeg UnaryKind = iota
	// KindExp is eˣ.
	KindExp
	// KindLog is the natural logarithm.
	KindLog
	// KindSqrt is √x.
	KindSqrt
	// KindReLU is max(0, x).
	KindReLU
	// KindSigmoid is σ(x) = 1/(1+e⁻ˣ).
	KindSigmoid
	// KindTanh is the hyperbolic tangent.
	KindTanh
	// KindReLU6 is min(max(0, x), 6).
	KindReLU6
	// KindLeakyReLU is x where x > 0, and A·x elsewhere.
	KindLeakyReLU
	// KindELU is x where x > 0, and A·(eˣ−1) elsewhere.
	KindELU
	// KindSoftplus is x where A·x > B, and log(1+e^(A·x))/A elsewhere.
	KindSoftplus
	// KindSiLU is x·σ(x).
	KindSiLU
	// KindHardSigmoid is min(max(0, x+3), 6)/6.
	KindHardSigmoid
	// KindHardSwish is x·min(max(0, x+3), 6)/6.
	KindHardSwish
	// KindGELU is x·Φ(x), where Φ(x) = (1+erf(x/√2))/2 is the distribution
	// function of the standard normal distribution.
	KindGELU
	// KindGELUTanh is x/2·(1+tanh(√(2/π)·(x+0.044715·x³))), which approximates
	// GELU.
	KindGELUTanh
	// KindErf is the error function, 2/√π·∫₀ˣ e^(−t²) dt.
	KindErf
	// KindAbs is |x|.
	KindAbs
	// KindPow is x to the power of A: NaN for negative x unless A is whole.
	KindPow
	// KindClip is min(max(A, x), B).
	KindClip
	// KindFloor is the greatest whole number that is at most x.
	KindFloor
	// KindCeil is the smallest whole number that is at least x.
	KindCeil
	// KindRound is the nearest whole number, the even one of two.
	KindRound
	// KindSign is −1, 0 or 1 for negative x, zeros and positive x.
	KindSign
	// KindSin is the sine of x in radians.
	KindSin
	// KindCos is the cosine of x in radians.
	KindCos
)

var unaryNames = [...]string{
	"Neg", "Exp", "Log", "Sqrt", "ReLU", "Sigmoid", "Tanh", "ReLU6", "LeakyReLU", "ELU", "Softplus",
	"SiLU", "HardSigmoid", "HardSwish", "GELU", "GELUTanh", "Erf", "Abs", "Pow", "Clip", "Floor", "Ceil", "Round", "Sign", "Sin", "Cos",
}

// String returns the function's name, such as "ReLU".
func (k UnaryKind) String() string { return kindName(unaryNames[:], int(k), "UnaryKind") }

// kindName is the name of a function of a family.
func kindName(names []string, k int, family string) string {
	if k < 0 || k >= len(names) {
		return fmt.Sprintf("%s(%d)", family, k)
	}
	return names[k]
}

// UnaryOp applies a function to each element. A result whose argument is NaN
// is NaN, except that x to the power of 0 is 1.
type UnaryOp struct {
	Func UnaryKind
	// A and B are the function's parameters, 0 for functions that have none:
	// the slope of LeakyReLU, alpha of ELU, beta and the threshold of Softplus,
	// the exponent of Pow, the bounds of Clip.
	A, B float32
}

// Kind returns the function's name.
func (o UnaryOp) Kind() string { return o.Func.String() }

// Infer returns the argument's shape. It refuses parameters that the function
// is not defined for.
func (o UnaryOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	switch isNaN := o.A != o.A || o.B != o.B; {
	case isNaN:
		return nil, fmt.Errorf("parameters must be numbers, got %v and %v", o.A, o.B)
	case o.Func == KindClip && o.A > o.B:
		return nil, fmt.Errorf("the lower bound %v is above the upper bound %v", o.A, o.B)
	case o.Func == KindSoftplus && !(o.A > 0):
		return nil, fmt.Errorf("beta must be above 0, got %v", o.A)
	}
	return in[0], nil
}

func (o UnaryOp) gradient(y, dy *Node) []*Node {
	x, scalar := y.inputs[0], dy.graph.Scalar
	var dx *Node
	switch o.Func {
	case KindNeg:
		dx = Neg(dy)
	case KindExp:
		dx = Mul(dy, y)
	case KindLog:
		dx = Div(dy, x)
	case KindSqrt:
		dx = Div(Mul(dy, scalar(0.5)), y)
	case KindErf: // 2/√π·e^(−x²)
		dx = Mul(Mul(dy, scalar(2/math.SqrtPi)), Exp(Neg(Mul(x, x))))
	case KindPow:
		switch o.A {
		case 0:
			return []*Node{nil}
		case 1:
			return []*Node{dy}
		}
		dx = Mul(Mul(dy, scalar(o.A)), Pow(x, o.A-1))
	case KindFloor, KindCeil, KindRound, KindSign: // constant but for jumps
	case KindSin:
		dx = Mul(dy, Cos(x))
	case KindCos:
		dx = Neg(Mul(dy, Sin(x)))
	case KindReLU, KindReLU6, KindSigmoid, KindTanh:
		dx = dy.graph.add(UnaryGradOp{Func: o.Func}, y, dy)
	default:
		dx = dy.graph.add(UnaryGradOp{Func: o.Func, A: o.A, B: o.B}, x, dy)
	}
	return []*Node{dx}
}

func (UnaryOp) elementwise() {}

func (UnaryOp) cheap() {}

func (o UnaryOp) rebatch(batching) (Op, bool) { return o, true }

// UnaryGradOp is the derivative of a unary function, times dy. Its arguments
// are v and dy, where v is the function's result y for the first four
// functions, and its argument x for the others:
//
//	ReLU         dy where y > 0, else 0
//	ReLU6        dy where 0 < y < 6, else 0
//	Sigmoid      dy·y·(1−y)
//	Tanh         dy·(1−y²)
//	LeakyReLU    dy where x > 0, else A·dy
//	ELU          dy where x > 0, else A·dy·eˣ
//	Softplus     dy where A·x > B, else dy·σ(A·x)
//	SiLU         dy·σ(x)·(1+x·(1−σ(x)))
//	HardSigmoid  dy/6 where −3 < x < 3, else 0
//	HardSwish    0 where x ≤ −3, dy where x ≥ 3, else dy·(x/3+1/2)
//	GELU         dy·(Φ(x)+x·φ(x)), φ(x) = e^(−x²/2)/√(2π)
//	GELUTanh     dy·((1+t)/2 + x/2·(1−t²)·u'), t = tanh(u),
//	             u = √(2/π)·(x+0.044715·x³), u' = √(2/π)·(1+3·0.044715·x²)
//	Abs          dy where x > 0, −dy where x < 0, 0 at 0
//	Clip         dy where A < x < B, else 0
//
// The derivatives at the edges are PyTorch's. At ±Inf those of GELU and GELUTanh
// are their limits, 1 and 0 times dy, where PyTorch has NaN. No other functions
// occur.
type UnaryGradOp struct {
	noGradient
	Func UnaryKind
	// A and B are those of the function's UnaryOp.
	A, B float32
}

// Kind returns the function's name followed by "Grad".
func (o UnaryGradOp) Kind() string { return o.Func.String() + "Grad" }

// Infer returns the common shape of v and dy.
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
func Neg(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindNeg}, x) }

// Exp returns eˣ.
func Exp(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindExp}, x) }

// Log returns the natural logarithm of x.
func Log(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindLog}, x) }

// Sqrt returns √x.
func Sqrt(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindSqrt}, x) }

// ReLU returns max(0, x). Its derivative at 0 is 0.
func ReLU(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindReLU}, x) }

// ReLU6 returns min(max(0, x), 6), the activation of MobileNetV2. Its
// derivative at 0 and at 6 is 0, as in PyTorch.
func ReLU6(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindReLU6}, x) }

// Sigmoid returns 1/(1+e⁻ˣ).
func Sigmoid(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindSigmoid}, x) }

// Tanh returns the hyperbolic tangent of x.
func Tanh(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindTanh}, x) }

// LeakyReLU returns x where x > 0 and slope·x elsewhere (Maas et al. 2013), as
// PyTorch's leaky_relu.
func LeakyReLU(x *Node, slope float32) *Node {
	return x.graph.add(UnaryOp{Func: KindLeakyReLU, A: slope}, x)
}

// ELU returns x where x > 0 and alpha·(eˣ−1) elsewhere (Clevert et al. 2016),
// as PyTorch's elu.
func ELU(x *Node, alpha float32) *Node { return x.graph.add(UnaryOp{Func: KindELU, A: alpha}, x) }

// Softplus returns log(1+e^(beta·x))/beta, a smooth ReLU, as PyTorch's softplus:
// where beta·x > threshold it returns x itself, which is the same in float32 for
// PyTorch's default, 20. beta must be above 0.
func Softplus(x *Node, beta, threshold float32) *Node {
	return x.graph.add(UnaryOp{Func: KindSoftplus, A: beta, B: threshold}, x)
}

// SiLU returns x·sigmoid(x), also called Swish (Hendrycks & Gimpel 2016,
// Ramachandran et al. 2017), the activation of EfficientNet.
func SiLU(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindSiLU}, x) }

// HardSigmoid returns min(max(0, x+3), 6)/6, as PyTorch's hardsigmoid and
// MobileNetV3 (Howard et al. 2019).
func HardSigmoid(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindHardSigmoid}, x) }

// HardSwish returns x·HardSigmoid(x), the activation of MobileNetV3 (Howard et
// al. 2019).
func HardSwish(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindHardSwish}, x) }

// GELU returns x·Φ(x), where Φ is the distribution function of the standard
// normal distribution (Hendrycks & Gimpel 2016), as PyTorch's gelu.
func GELU(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindGELU}, x) }

// GELUTanh returns the approximation of GELU by a hyperbolic tangent, as
// PyTorch's gelu with approximate="tanh".
func GELUTanh(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindGELUTanh}, x) }

// Erf returns the error function of x.
func Erf(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindErf}, x) }

// Abs returns |x|. Its derivative at 0 is 0.
func Abs(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindAbs}, x) }

// Pow returns x to the power of an exponent. Negative numbers have only whole
// powers; all others are NaN.
func Pow(x *Node, exponent float32) *Node {
	return x.graph.add(UnaryOp{Func: KindPow, A: exponent}, x)
}

// Clip returns min(max(lo, x), hi), as PyTorch's clamp; bounds may be infinite.
// lo must be at most hi. The derivative at the bounds is 0, as in PyTorch 2.15.
func Clip(x *Node, lo, hi float32) *Node {
	return x.graph.add(UnaryOp{Func: KindClip, A: lo, B: hi}, x)
}

// Floor returns the greatest whole number that is at most x. It has no derivative.
func Floor(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindFloor}, x) }

// Ceil returns the smallest whole number that is at least x. It has no derivative.
func Ceil(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindCeil}, x) }

// Round returns the whole number nearest to x, and the even one of two, as PyTorch's
// round: 0.5 becomes 0 and 1.5 becomes 2. It has no derivative.
func Round(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindRound}, x) }

// Sign returns −1, 0 or 1 for negative x, zeros and positive x, and NaN for NaN. It has
// no derivative.
func Sign(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindSign}, x) }

// Sin returns the sine of x in radians.
func Sin(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindSin}, x) }

// Cos returns the cosine of x in radians.
func Cos(x *Node) *Node { return x.graph.add(UnaryOp{Func: KindCos}, x) }
