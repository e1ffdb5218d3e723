package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

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

func (ConcatOp) cheap() {}

func (o ConcatOp) rebatch(b batching) (Op, bool) { return o, b.all() && o.Axis != 0 }

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
