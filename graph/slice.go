package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// SliceOp takes the elements Start ≤ i < Stop along Axis.
type SliceOp struct{ Axis, Start, Stop int }

// Kind returns "Slice".
func (SliceOp) Kind() string { return "Slice" }

// Infer sets the size of Axis to Stop−Start.
func (o SliceOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if o.Start < 0 || o.Stop <= o.Start || o.Stop > in[0][o.Axis] {
		return nil, fmt.Errorf("range %d to %d is empty or outside of axis %d of %v", o.Start, o.Stop, o.Axis, in[0])
	}
	out := in[0].Clone()
	out[o.Axis] = o.Stop - o.Start
	return out, nil
}

func (o SliceOp) gradient(y, dy *Node) []*Node {
	x := y.inputs[0].shape
	before, after := make([]int, len(x)), make([]int, len(x))
	before[o.Axis], after[o.Axis] = o.Start, x[o.Axis]-o.Stop
	return []*Node{Pad(dy, before, after, 0)}
}

func (SliceOp) cheap() {}

func (o SliceOp) rebatch(batching) (Op, bool) { return o, o.Axis != 0 }

// Slice returns the elements start ≤ i < stop along axis (negative: from the
// end).
func Slice(x *Node, axis, start, stop int) *Node {
	a := checkedAxes(x, "Slice", []int{axis})[0]
	if start == 0 && stop == x.shape[a] {
		return x
	}
	return x.graph.add(SliceOp{a, start, stop}, x)
}

// SliceStep returns the elements start, start+step, … along axis (negative: from the
// end), as many as come before stop. A negative step goes backwards; then stop −1
// includes element 0. start must be the index of an element, step not 0.
func SliceStep(x *Node, axis, start, stop, step int) *Node {
	a := checkedAxes(x, "SliceStep", []int{axis})[0]
	switch {
	case step == 0:
		fail(x.graph.failurePath(), "SliceStep", "the step must not be 0")
	case step == 1:
		return Slice(x, axis, start, stop)
	case stop < -1 || stop > x.shape[a]:
		fail(x.graph.failurePath(), "SliceStep", "range %d to %d is outside of axis %d of %v", start, stop, a, x.shape)
	}
	var indices []int
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		indices = append(indices, i)
	}
	if len(indices) == 0 {
		fail(x.graph.failurePath(), "SliceStep", "range %d to %d in steps of %d is empty", start, stop, step)
	}
	return Gather(x, a, indices)
}
