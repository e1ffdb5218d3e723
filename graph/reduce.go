package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// ReduceKind names a reduction.
type ReduceKind int

// The reductions.
const (
	KindSum ReduceKind = iota
	KindMean
	KindMax
)

var reduceNames = [...]string{"Sum", "Mean", "Max"}

// ReduceOp combines the elements along Axes (sorted, not negative). With
// KeepDims the reduced axes stay with size 1, otherwise they go. Max carries
// NaN; its derivative is shared equally among the elements that attain the
// maximum, as in PyTorch's amax.
type ReduceOp struct {
	Func     ReduceKind
	Axes     []int
	KeepDims bool
}

// Kind returns the reduction's name.
func (o ReduceOp) Kind() string { return reduceNames[o.Func] }

// Infer removes the reduced axes, or sets them to 1.
func (o ReduceOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	kept := in[0].Clone()
	for _, a := range o.Axes {
		if a < 0 || a >= len(kept) {
			return nil, fmt.Errorf("axis %d is out of range for %v", a, in[0])
		}
		kept[a] = 1
	}
	if o.KeepDims {
		return kept, nil
	}
	return dropAxes(in[0], o.Axes), nil
}

func dropAxes(s tensor.Shape, axes []int) tensor.Shape {
	out := tensor.Shape{}
	k := 0
	for i, d := range s {
		if k < len(axes) && axes[k] == i {
			k++
			continue
		}
		out = append(out, d)
	}
	return out
}

// kept returns the shape of the result as it is with KeepDims.
func (o ReduceOp) kept(in tensor.Shape) tensor.Shape {
	out := in.Clone()
	for _, a := range o.Axes {
		out[a] = 1
	}
	return out
}

func (o ReduceOp) gradient(y, dy *Node) []*Node {
	x := y.inputs[0]
	kept := o.kept(x.shape)
	dy = Reshape(dy, kept...)
	switch o.Func {
	case KindMean:
		count := float32(x.shape.Size()) / float32(kept.Size())
		dy = Mul(dy, dy.graph.Scalar(1/count))
	case KindMax:
		hit := Equal(x, Reshape(y, kept...))
		share := Div(dy, x.graph.add(ReduceOp{Func: KindSum, Axes: o.Axes, KeepDims: true}, hit))
		return []*Node{Mul(hit, share)}
	}
	return []*Node{Broadcast(dy, x.shape...)}
}

// Sum adds the elements along the axes (all axes if none are given; negative
// ones count from the end) and drops these axes.
func Sum(x *Node, axes ...int) *Node { return reduce(KindSum, x, false, axes) }

// Mean averages the elements along the axes (all if none are given) and drops
// these axes.
func Mean(x *Node, axes ...int) *Node { return reduce(KindMean, x, false, axes) }

// Max takes the greatest element along the axes (all if none are given) and
// drops these axes.
func Max(x *Node, axes ...int) *Node { return reduce(KindMax, x, false, axes) }

// SumKeep is Sum with the axes kept as size 1.
func SumKeep(x *Node, axes ...int) *Node { return reduce(KindSum, x, true, axes) }

// MeanKeep is Mean with the axes kept as size 1. MeanKeep(x, 2, 3) is global
// average pooling.
func MeanKeep(x *Node, axes ...int) *Node { return reduce(KindMean, x, true, axes) }

// MaxKeep is Max with the axes kept as size 1.
func MaxKeep(x *Node, axes ...int) *Node { return reduce(KindMax, x, true, axes) }

func reduce(f ReduceKind, x *Node, keep bool, axes []int) *Node {
	return x.graph.add(ReduceOp{f, checkedAxes(x, reduceNames[f], axes), keep}, x)
}

// ArgMaxOp gives the index of the greatest element along Axis, the first one
// of several, as a float32; the axis is dropped. NaN counts as greatest. It
// has no derivative.
type ArgMaxOp struct {
	noGradient
	Axis int
}

// Kind returns "ArgMax".
func (ArgMaxOp) Kind() string { return "ArgMax" }

// Infer drops the axis.
func (o ArgMaxOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return dropAxes(in[0], []int{o.Axis}), nil
}

// ArgMax returns the index of the greatest element along axis (negative: from
// the end), as float32.
func ArgMax(x *Node, axis int) *Node {
	return x.graph.add(ArgMaxOp{Axis: checkedAxes(x, "ArgMax", []int{axis})[0]}, x)
}

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

// Softmax returns exp(x) / Σ exp(x) along axis (negative: from the end).
func Softmax(x *Node, axis int) *Node {
	return x.graph.add(SoftmaxOp{Axis: checkedAxes(x, "Softmax", []int{axis})[0]}, x)
}

// LogSoftmax returns the logarithm of Softmax, computed without overflow.
func LogSoftmax(x *Node, axis int) *Node {
	return x.graph.add(SoftmaxOp{Axis: checkedAxes(x, "LogSoftmax", []int{axis})[0], Log: true}, x)
}

// CrossEntropyOp gives for each row of logits (N×K) and its class index
// (labels, N) the loss −log softmax(logits)[label]. A label that is not a
// whole number from 0 to K−1 gives NaN.
type CrossEntropyOp struct{}

// Kind returns "CrossEntropy".
func (CrossEntropyOp) Kind() string { return "CrossEntropy" }

// Infer returns N.
func (CrossEntropyOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	return checkLogits(in[0], in[1])
}

func checkLogits(logits, labels tensor.Shape) (tensor.Shape, error) {
	if err := rank("logits", logits, 2, "N×classes"); err != nil {
		return nil, err
	}
	if len(labels) != 1 || labels[0] != logits[0] {
		return nil, fmt.Errorf("logits are %v, so labels must have shape %d, got %v", logits, logits[0], labels)
	}
	return labels, nil
}

func (CrossEntropyOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(CrossEntropyGradOp{}, y.inputs[0], y.inputs[1], dy), nil}
}

// CrossEntropyGradOp is the derivative of CrossEntropyOp with respect to the
// logits: (softmax(logits) − onehot(label)) · dy, NaN in the whole row of a
// label that CrossEntropyOp gives NaN for. Arguments: logits (N×K), labels
// (N), dy (N).
type CrossEntropyGradOp struct{ noGradient }

// Kind returns "CrossEntropyGrad".
func (CrossEntropyGradOp) Kind() string { return "CrossEntropyGrad" }

// Infer returns the shape of the logits.
func (CrossEntropyGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if _, err := checkLogits(in[0], in[1]); err != nil {
		return nil, err
	}
	return in[0], nil
}

// CrossEntropy returns the loss −log softmax(logits)[label] of each of N
// samples, for logits N×K and labels N (class indices as float32). Its Mean
// is PyTorch's CrossEntropyLoss.
func CrossEntropy(logits, labels *Node) *Node {
	return logits.graph.add(CrossEntropyOp{}, logits, labels)
}
