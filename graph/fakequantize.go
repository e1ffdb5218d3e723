package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// FakeQuantizeOp rounds each number to one that a small integer stands for, and computes with
// float32 all the same. Arguments: x, scale and zero point, both broadcast to the shape of x.
// With s and z, the elements of scale and zero point, and the quotient x/s rounded to float32,
//
//	q = min(max(round(x/s) + z, Min), Max)
//	y = (q − z)·s
//
// where round takes the even one of two nearest whole numbers. That is ONNX's QuantizeLinear
// followed by DequantizeLinear: q is an int8 if Min is −128 and Max is 127, a uint8 if they are
// 0 and 255. The elements of the scale must be positive, and those of the zero point whole
// numbers from Min to Max; the result is not specified otherwise.
//
// The derivatives are those of a straight-through estimator, which takes rounding for the
// identity (Bengio, Léonard & Courville 2013), and for the scale those of learned step sizes
// (LSQ, Esser et al. 2020). With r = round(x/s):
//
//	with respect to x: 1 where Min ≤ r + z ≤ Max, otherwise 0
//	with respect to s: r − x/s where Min ≤ r + z ≤ Max, otherwise Min − z or Max − z
//
// The zero point has none.
type FakeQuantizeOp struct{ Min, Max int }

// The ranges of 8-bit integers.
var (
	// Int8 has the integers from −128 to 127.
	Int8 = FakeQuantizeOp{-128, 127}
	// Uint8 has the integers from 0 to 255.
	Uint8 = FakeQuantizeOp{0, 255}
)

// Kind returns "FakeQuantize".
func (FakeQuantizeOp) Kind() string { return "FakeQuantize" }

// Infer returns the shape of x. The integers must be at most 16 bits long.
func (o FakeQuantizeOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if o.Min >= o.Max || o.Min < -1<<15 || o.Max >= 1<<16 {
		return nil, fmt.Errorf("integers from %d to %d: the first must be smaller, and none below −32768 or above 65535", o.Min, o.Max)
	}
	for i, what := range []string{"scale", "zero point"} {
		s, err := broadcast(in[0], in[1+i])
		if err != nil || !s.Equal(in[0]) {
			return nil, fmt.Errorf("%s of shape %v cannot be broadcast to the shape of x, %v", what, in[1+i], in[0])
		}
	}
	return in[0], nil
}

func (o FakeQuantizeOp) gradient(y, dy *Node) []*Node {
	x, scale, zero := y.inputs[0], y.inputs[1], y.inputs[2]
	quotient := Div(x, scale)
	whole := Add(Round(quotient), zero)
	least, most := dy.graph.Scalar(float32(o.Min)), dy.graph.Scalar(float32(o.Max))
	inside := And(LessEqual(least, whole), LessEqual(whole, most))
	dx := Where(inside, dy, dy.graph.Scalar(0))
	// Clamped, minus the quotient where that has a derivative.
	slope := Sub(Sub(Clip(whole, float32(o.Min), float32(o.Max)), zero), Where(inside, quotient, dy.graph.Scalar(0)))
	return []*Node{dx, sumTo(Mul(dy, slope), scale.shape), nil}
}

func (FakeQuantizeOp) elementwise() {}

func (FakeQuantizeOp) cheap() {}

func (o FakeQuantizeOp) rebatch(b batching) (Op, bool) { return o, b.broadcast() }

// FakeQuantize rounds the elements of x to those that the integers of op can stand for with
// the given scale and zero point, which have one element, or one for each channel, such as
// shape C×1×1×1 for the weights of a convolution: PyTorch's
// fake_quantize_per_tensor_affine and fake_quantize_per_channel_affine. [FakeQuantizeOp] has
// the formula and the derivatives.
func FakeQuantize(x, scale, zero *Node, op FakeQuantizeOp) *Node {
	return x.graph.add(op, x, scale, zero)
}
