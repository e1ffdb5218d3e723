package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// ReduceKind names a reduction.
type ReduceKind int

// The reductions.
const (
	KindSum ReduceKind = iota
	KindMean
	KindMax
	KindProd
)

var reduceNames = [...]string{"Sum", "Mean", "Max", "Prod"}

// String returns the reduction's name, such as "Sum".
func (k ReduceKind) String() string { return kindName(reduceNames[:], int(k), "ReduceKind") }

// ReduceOp combines the elements along Axes (sorted, not negative). With
// KeepDims the reduced axes stay with size 1, otherwise they go. Max carries
// NaN; its derivative is shared equally among the elements that attain the
// maximum, as in PyTorch's amax. The derivative of Prod with respect to an element is
// the product of the others.
type ReduceOp struct {
	Func     ReduceKind
	Axes     []int
	KeepDims bool
}

// Kind returns the reduction's name.
func (o ReduceOp) Kind() string { return o.Func.String() }

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
	case KindProd:
		return []*Node{dy.graph.add(ProdGradOp{Axes: o.Axes}, x, dy)}
	}
	return []*Node{Broadcast(dy, x.shape...)}
}

func (o ReduceOp) rebatch(batching) (Op, bool) { return o, !slices.Contains(o.Axes, 0) }

func (o ReduceOp) window(n *Node, axis int) (size, stride int) {
	in := n.inputs[0].shape
	if len(in) == 4 && slices.Contains(o.Axes, 2+axis) {
		return in[2+axis], 1
	}
	return 1, 1
}

// ProdGradOp is the derivative of the product along Axes: dy times the product of the
// other elements. Arguments: x and dy, whose reduced axes are kept with size 1.
type ProdGradOp struct {
	noGradient
	Axes []int
}

// Kind returns "ProdGrad".
func (ProdGradOp) Kind() string { return "ProdGrad" }

// Infer returns the shape of x.
func (o ProdGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	return in[0], nil
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
	return x.graph.add(ReduceOp{f, checkedAxes(x, f.String(), axes), keep}, x)
}

// Min takes the smallest element along the axes (all if none are given) and drops
// these axes. As with Max, elements that attain it share the derivative.
func Min(x *Node, axes ...int) *Node { return Neg(Max(Neg(x), axes...)) }

// MinKeep is Min with the axes kept as size 1.
func MinKeep(x *Node, axes ...int) *Node { return Neg(MaxKeep(Neg(x), axes...)) }

// Prod multiplies the elements along the axes (all if none are given) and drops these
// axes. Its derivative is right for zeros too.
func Prod(x *Node, axes ...int) *Node { return reduce(KindProd, x, false, axes) }

// ProdKeep is Prod with the axes kept as size 1.
func ProdKeep(x *Node, axes ...int) *Node { return reduce(KindProd, x, true, axes) }
