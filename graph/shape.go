package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// ReshapeOp gives its argument another shape with the same number of
// elements, in row-major order.
type ReshapeOp struct{ Shape tensor.Shape }

// Kind returns "Reshape".
func (ReshapeOp) Kind() string { return "Reshape" }

// Infer returns Shape.
func (o ReshapeOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if in[0].Size() != o.Shape.Size() {
		return nil, fmt.Errorf("cannot reshape %v (%d elements) to %v (%d elements)", in[0], in[0].Size(), o.Shape, o.Shape.Size())
	}
	return o.Shape, nil
}

func (o ReshapeOp) gradient(y, dy *Node) []*Node {
	return []*Node{Reshape(dy, y.inputs[0].shape...)}
}

// Reshape returns x with another shape; one size may be −1 and is inferred.
func Reshape(x *Node, shape ...int) *Node {
	to := tensor.Shape(shape).Clone()
	if i := slices.Index(to, -1); i >= 0 {
		if slices.Contains(to[i+1:], -1) {
			fail(x.graph.path, "Reshape", "only one size may be -1, got %v", shape)
		}
		rest := 1
		for j, d := range to {
			if j != i {
				rest *= d
			}
		}
		if rest <= 0 || x.shape.Size()%rest != 0 {
			fail(x.graph.path, "Reshape", "cannot reshape %v to %v: %d does not divide %d elements", x.shape, shape, rest, x.shape.Size())
		}
		to[i] = x.shape.Size() / rest
	}
	for _, d := range to {
		if d < 1 {
			fail(x.graph.path, "Reshape", "sizes must be at least 1, got %v", shape)
		}
	}
	if x.shape.Equal(to) {
		return x
	}
	return x.graph.add(ReshapeOp{to}, x)
}

// Flatten keeps the first axis and joins the others: N×C×H×W becomes
// N×(C·H·W).
func Flatten(x *Node) *Node {
	if len(x.shape) < 1 {
		fail(x.graph.path, "Flatten", "input must have at least one axis")
	}
	return Reshape(x, x.shape[0], -1)
}

// TransposeOp reorders axes: axis i of the result is axis Perm[i] of the
// argument.
type TransposeOp struct{ Perm []int }

// Kind returns "Transpose".
func (TransposeOp) Kind() string { return "Transpose" }

// Infer permutes the shape.
func (o TransposeOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(o.Perm))
	out := make(tensor.Shape, len(o.Perm))
	for i, p := range sorted {
		if p != i || len(o.Perm) != len(in[0]) {
			return nil, fmt.Errorf("%v is not a permutation of the %d axes of %v", o.Perm, len(in[0]), in[0])
		}
		out[i] = in[0][o.Perm[i]]
	}
	return out, nil
}

func (o TransposeOp) gradient(y, dy *Node) []*Node {
	inverse := make([]int, len(o.Perm))
	for i, p := range o.Perm {
		inverse[p] = i
	}
	return []*Node{Transpose(dy, inverse...)}
}

// Transpose reorders the axes of x; without perm it reverses them.
func Transpose(x *Node, perm ...int) *Node {
	if len(perm) == 0 {
		for i := range x.shape {
			perm = append(perm, len(x.shape)-1-i)
		}
	}
	return x.graph.add(TransposeOp{slices.Clone(perm)}, x)
}

// ConcatOp joins its arguments along Axis.
type ConcatOp struct{ Axis int }

// Kind returns "Concat".
func (ConcatOp) Kind() string { return "Concat" }

// Infer adds the sizes along Axis; all others must agree.
func (o ConcatOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("takes at least one argument")
	}
	out := in[0].Clone()
	for i, s := range in[1:] {
		if len(s) != len(out) {
			return nil, fmt.Errorf("argument %d has shape %v, the first %v: ranks differ", i+1, s, in[0])
		}
		for a := range s {
			if a != o.Axis && s[a] != out[a] {
				return nil, fmt.Errorf("argument %d has shape %v, the first %v: only axis %d may differ", i+1, s, in[0], o.Axis)
			}
		}
		out[o.Axis] += s[o.Axis]
	}
	return out, nil
}

func (o ConcatOp) gradient(y, dy *Node) []*Node {
	grads := make([]*Node, len(y.inputs))
	at := 0
	for i, in := range y.inputs {
		grads[i] = Slice(dy, o.Axis, at, at+in.shape[o.Axis])
		at += in.shape[o.Axis]
	}
	return grads
}

// Concat joins nodes along axis (negative: from the end). All other sizes
// must agree.
func Concat(axis int, xs ...*Node) *Node {
	if len(xs) == 0 {
		panic(&Error{Op: "Concat", Err: fmt.Errorf("takes at least one argument")})
	}
	if len(xs) == 1 {
		return xs[0]
	}
	return xs[0].graph.add(ConcatOp{checkedAxes(xs[0], "Concat", []int{axis})[0]}, slices.Clone(xs)...)
}

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

// Slice returns the elements start ≤ i < stop along axis (negative: from the
// end).
func Slice(x *Node, axis, start, stop int) *Node {
	a := checkedAxes(x, "Slice", []int{axis})[0]
	if start == 0 && stop == x.shape[a] {
		return x
	}
	return x.graph.add(SliceOp{a, start, stop}, x)
}

// PadOp surrounds its argument with Value: Before[i] and After[i] elements
// along axis i.
type PadOp struct {
	Before, After []int
	Value         float32
}

// Kind returns "Pad".
func (PadOp) Kind() string { return "Pad" }

// Infer adds the padding to the shape.
func (o PadOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if len(o.Before) != len(in[0]) || len(o.After) != len(in[0]) {
		return nil, fmt.Errorf("padding %v, %v must have one entry for each axis of %v", o.Before, o.After, in[0])
	}
	out := in[0].Clone()
	for i := range out {
		if o.Before[i] < 0 || o.After[i] < 0 {
			return nil, fmt.Errorf("padding %v, %v must not be negative", o.Before, o.After)
		}
		out[i] += o.Before[i] + o.After[i]
	}
	return out, nil
}

func (o PadOp) gradient(y, dy *Node) []*Node {
	x := y.inputs[0].shape
	for i := range x {
		dy = Slice(dy, i, o.Before[i], o.Before[i]+x[i])
	}
	return []*Node{dy}
}

// Pad surrounds x with value: before[i] and after[i] elements along axis i.
func Pad(x *Node, before, after []int, value float32) *Node {
	return x.graph.add(PadOp{slices.Clone(before), slices.Clone(after), value}, x)
}
