package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

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
	for i, p := range sorted {
		if p != i || len(o.Perm) != len(in[0]) {
			return nil, fmt.Errorf("%v is not a permutation of the %d axes of %v", o.Perm, len(in[0]), in[0])
		}
	}
	out := make(tensor.Shape, len(o.Perm))
	for i, p := range o.Perm {
		out[i] = in[0][p]
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

func (TransposeOp) cheap() {}

func (o TransposeOp) rebatch(batching) (Op, bool) { return o, o.Perm[0] == 0 }

// Transpose reorders the axes of x; without perm it reverses them.
func Transpose(x *Node, perm ...int) *Node {
	if len(perm) == 0 {
		for i := range x.shape {
			perm = append(perm, len(x.shape)-1-i)
		}
	}
	return x.graph.add(TransposeOp{slices.Clone(perm)}, x)
}
