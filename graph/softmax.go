package graph

import (
	"github.com/strideml/stride/tensor"
)

// SoftmaxOp normalises along Axis: exp(x−max) / Σ exp(x−max); with Log its
// logarithm, x − max − log Σ exp(x−max).
type SoftmaxOp struct {
	Axis int
	Log  bool
}

// Kind returns "Softmax" or "LogSoftmax".
func (o SoftmaxOp) Kind() string {
	if o.Log {
		return "LogSoftmax"
	}
	return "Softmax"
}

// Infer returns the argument's shape.
func (o SoftmaxOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return in[0], nil
}

func (o SoftmaxOp) gradient(y, dy *Node) []*Node {
	if o.Log { // dy − softmax · Σ dy
		return []*Node{Sub(dy, Mul(Exp(y), SumKeep(dy, o.Axis)))}
	}
	// y · (dy − Σ dy·y)
	return []*Node{Mul(y, Sub(dy, SumKeep(Mul(dy, y), o.Axis)))}
}

func (o SoftmaxOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// Softmax returns exp(x) / Σ exp(x) along axis (negative: from the end).
func Softmax(x *Node, axis int) *Node {
	return x.graph.add(SoftmaxOp{Axis: checkedAxes(x, "Softmax", []int{axis})[0]}, x)
}

// LogSoftmax returns the logarithm of Softmax, computed without overflow.
func LogSoftmax(x *Node, axis int) *Node {
	return x.graph.add(SoftmaxOp{Axis: checkedAxes(x, "LogSoftmax", []int{axis})[0], Log: true}, x)
}
