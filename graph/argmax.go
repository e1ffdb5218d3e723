package graph

import (
	"github.com/strideml/stride/tensor"
)

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

func (o ArgMaxOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// ArgMax returns the index of the greatest element along axis (negative: from
// the end), as float32.
func ArgMax(x *Node, axis int) *Node {
	return x.graph.add(ArgMaxOp{Axis: checkedAxes(x, "ArgMax", []int{axis})[0]}, x)
}

// ArgMin returns the index of the smallest element along axis (negative: from the end),
// the first one of several, as float32. NaN counts as smallest.
func ArgMin(x *Node, axis int) *Node { return ArgMax(Neg(x), axis) }
