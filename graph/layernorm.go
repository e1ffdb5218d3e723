package graph

import (
	"fmt"
	"slices"

	"github.com/strideml/stride/tensor"
)

// LayerNormOp is layer normalization (Ba, Kiros, Hinton 2016) over the last Axes
// axes of x, as PyTorch's layer_norm: with the mean and the biased variance
// Σ(x−mean)²/n of each row, which is the n elements along these axes,
//
//	y = gamma·(x−mean)/√(variance+Eps) + beta
//
// Arguments: x, gamma, beta. The shape of gamma and beta is that of a row.
type LayerNormOp struct {
	Axes int
	Eps  float32
}

// Kind returns "LayerNorm".
func (LayerNormOp) Kind() string { return "LayerNorm" }

// Infer returns the shape of x.
func (o LayerNormOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	row, err := o.row(in[0])
	if err != nil {
		return nil, err
	}
	if !in[1].Equal(row) || !in[2].Equal(row) {
		return nil, fmt.Errorf("input %v needs scale and shift of shape %v, got %v and %v", in[0], row, in[1], in[2])
	}
	return in[0], nil
}

// row returns the shape of a row of x.
func (o LayerNormOp) row(x tensor.Shape) (tensor.Shape, error) {
	if o.Axes < 1 || o.Axes > len(x) {
		return nil, fmt.Errorf("input %v has no %d axes to normalise over", x, o.Axes)
	}
	if !(o.Eps >= 0) {
		return nil, fmt.Errorf("eps must be at least 0, got %v", o.Eps)
	}
	return x[len(x)-o.Axes:], nil
}

func (o LayerNormOp) gradient(y, dy *Node) []*Node {
	g, x, gamma := dy.graph, y.inputs[0], y.inputs[1]
	p := g.add(LayerNormParamGradOp{LayerNorm: o}, x, dy)
	return []*Node{
		g.add(LayerNormInputGradOp{LayerNorm: o}, x, gamma, dy),
		Reshape(Slice(p, 0, 0, 1), gamma.shape...),
		Reshape(Slice(p, 0, 1, 2), gamma.shape...),
	}
}

func (LayerNormOp) cheap() {}

func (o LayerNormOp) rebatch(b batching) (Op, bool) {
	return o, o.Axes < len(b.node.shape) && b.only(0)
}

// LayerNormParamGradOp gives the derivatives of LayerNormOp with respect to gamma,
// Σ dy·x̂ with x̂ = (x−mean)/√(variance+Eps), and beta, Σ dy, where the sums are over
// all rows. The first axis of the result has these two, the others are those of a
// row. Arguments: x, dy.
type LayerNormParamGradOp struct {
	noGradient
	LayerNorm LayerNormOp
}

// Kind returns "LayerNormParamGrad".
func (LayerNormParamGradOp) Kind() string { return "LayerNormParamGrad" }

// Infer returns 2 × the shape of a row.
func (o LayerNormParamGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[1])
	}
	row, err := o.LayerNorm.row(in[0])
	return slices.Concat(tensor.Shape{2}, row), err
}

// LayerNormInputGradOp is the derivative of LayerNormOp with respect to x. With
// g = dy·gamma, x̂ as in LayerNormParamGradOp, and means over the elements of a row,
//
//	dx = (g − mean(g) − x̂·mean(g·x̂)) / √(variance+Eps)
//
// Arguments: x, gamma, dy.
type LayerNormInputGradOp struct {
	noGradient
	LayerNorm LayerNormOp
}

// Kind returns "LayerNormInputGrad".
func (LayerNormInputGradOp) Kind() string { return "LayerNormInputGrad" }

// Infer returns the shape of x.
func (o LayerNormInputGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 3); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[2]) {
		return nil, fmt.Errorf("dy must have shape %v, got %v", in[0], in[2])
	}
	return in[0], nil
}

// LayerNorm normalises x over the given axes: see LayerNormOp. Negative axes count
// from the end, and no axes mean all of them. gamma and beta have the sizes of these
// axes, in the order of x; nil stands for ones and for zeros. PyTorch's eps is 1e-5.
//
// LayerNorm(x, gamma, beta, eps, 1) of an N×C×H×W image normalises the channels of
// each pixel, as ConvNeXt does.
func LayerNorm(x, gamma, beta *Node, eps float32, axes ...int) *Node {
	over := checkedAxes(x, "LayerNorm", axes)
	row := make([]int, len(over))
	for i, a := range over {
		row[i] = x.shape[a]
	}
	gamma, beta = orFull(x.graph, gamma, 1, row), orFull(x.graph, beta, 0, row)
	op := LayerNormOp{Axes: len(over), Eps: eps}
	perm := make([]int, 0, len(x.shape)) // the normalised axes come last
	for a := range x.shape {
		if !slices.Contains(over, a) {
			perm = append(perm, a)
		}
	}
	perm = append(perm, over...)
	if slices.IsSorted(perm) {
		return x.graph.add(op, x, gamma, beta)
	}
	back := make([]int, len(perm))
	for i, a := range perm {
		back[a] = i
	}
	return Transpose(x.graph.add(op, Transpose(x, perm...), gamma, beta), back...)
}

// orFull returns n, or a constant of the given shape that is filled with value if n
// is nil.
func orFull(g *Graph, n *Node, value float32, shape []int) *Node {
	if n != nil {
		return n
	}
	return g.Constant(tensor.Full(value, shape...))
}
