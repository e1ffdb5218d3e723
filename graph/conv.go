package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// Conv2DOp is the cross-correlation of a batch of images x (N×C×H×W) with
// weights w (O×(C/Groups)×Kh×Kw) and an optional bias (O):
//
//	y[n,o,i,j] = bias[o] + Σ_{c,a,b} w[o,c,a,b] · x[n, g·C/Groups + c, i·s+a·d−p, j·s+b·d−p]
//
// where g is the group of o and x is 0 outside of the image. This is what
// PyTorch's Conv2d computes, if ExtraPad is 0; otherwise that of the image with
// so many more, or fewer, rows and columns of zeros below and to the right.
type Conv2DOp struct {
	Window
	Groups int
}

// Kind returns "Conv2D".
func (Conv2DOp) Kind() string { return "Conv2D" }

func (o Conv2DOp) describe(in []tensor.Shape) string {
	s := "Conv2D"
	if len(in) > 1 && len(in[1]) == 4 {
		s += " " + pair([2]int{in[1][2], in[1][3]}, false)
	}
	s += fmt.Sprintf(", stride %s, padding %s", pair(o.Stride, true), o.padding())
	if o.Dilation != [2]int{1, 1} {
		s += ", dilation " + pair(o.Dilation, true)
	}
	if o.Groups != 1 {
		s += fmt.Sprintf(", groups %d", o.Groups)
	}
	return s
}

// Infer returns N×O×H'×W'.
func (o Conv2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if len(in) != 3 {
		if err := arity(in, 2); err != nil {
			return nil, err
		}
	}
	x, w := in[0], in[1]
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	if err := rank("weight", w, 4, "O×C×Kh×Kw"); err != nil {
		return nil, err
	}
	if o.Groups < 1 || x[1]%o.Groups != 0 || w[0]%o.Groups != 0 {
		return nil, fmt.Errorf("%d groups must divide the %d input and %d output channels", o.Groups, x[1], w[0])
	}
	if w[1]*o.Groups != x[1] {
		return nil, fmt.Errorf("input %v has %d channels, the weight %v expects %d", x, x[1], w, w[1]*o.Groups)
	}
	if len(in) == 3 && !in[2].Equal(tensor.Shape{w[0]}) {
		return nil, fmt.Errorf("bias must have shape %d, got %v", w[0], in[2])
	}
	out, err := o.outputSize(x, [2]int{w[2], w[3]}, false)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{x[0], w[0], out[0], out[1]}, nil
}

func (o Conv2DOp) gradient(y, dy *Node) []*Node {
	g, x, w := dy.graph, y.inputs[0], y.inputs[1]
	grads := []*Node{
		g.add(Conv2DInputGradOp{Conv: o, InputShape: x.shape}, w, dy),
		g.add(Conv2DWeightGradOp{Conv: o, WeightShape: w.shape}, x, dy),
	}
	if len(y.inputs) == 3 {
		grads = append(grads, Sum(dy, 0, 2, 3))
	}
	return grads
}

func (o Conv2DOp) rebatch(b batching) (Op, bool) { return o, b.only(0) }

func (o Conv2DOp) multiplyAdds(n *Node) int64 { return taps(n.shape, n.inputs[1].shape) }

func (o Conv2DOp) window(n *Node, axis int) (size, stride int) {
	return o.extent(axis, n.inputs[1].shape[2+axis]), o.Stride[axis]
}

// taps counts the multiply-adds of a convolution and of its derivatives: each
// element of the output sums over the weight O×(C/groups)×Kh×Kw without O.
func taps(output, weight tensor.Shape) int64 {
	return int64(output.Size()) * int64(weight[1:].Size())
}

// Conv2DInputGradOp is the derivative of Conv2DOp with respect to x: each dy
// element spread back over its window, weighted by w. Arguments: w, dy.
type Conv2DInputGradOp struct {
	noGradient
	Conv       Conv2DOp
	InputShape tensor.Shape
}

// Kind returns "Conv2DInputGrad".
func (Conv2DInputGradOp) Kind() string { return "Conv2DInputGrad" }

// Infer returns InputShape.
func (o Conv2DInputGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	out, err := o.Conv.Infer([]tensor.Shape{o.InputShape, in[0]})
	if err == nil && !out.Equal(in[1]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[1])
	}
	return o.InputShape, err
}

func (Conv2DInputGradOp) multiplyAdds(n *Node) int64 {
	return taps(n.inputs[1].shape, n.inputs[0].shape)
}

// Conv2DWeightGradOp is the derivative of Conv2DOp with respect to w:
// dw[o,c,a,b] = Σ_{n,i,j} dy[n,o,i,j] · x[n, …, i·s+a·d−p, j·s+b·d−p].
// Arguments: x, dy.
type Conv2DWeightGradOp struct {
	noGradient
	Conv        Conv2DOp
	WeightShape tensor.Shape
}

// Kind returns "Conv2DWeightGrad".
func (Conv2DWeightGradOp) Kind() string { return "Conv2DWeightGrad" }

// Infer returns WeightShape.
func (o Conv2DWeightGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	out, err := o.Conv.Infer([]tensor.Shape{in[0], o.WeightShape})
	if err == nil && !out.Equal(in[1]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[1])
	}
	return o.WeightShape, err
}

func (o Conv2DWeightGradOp) multiplyAdds(n *Node) int64 {
	return taps(n.inputs[1].shape, o.WeightShape)
}

// Conv2D returns the cross-correlation of x (N×C×H×W) with weight
// (O×(C/groups)×Kh×Kw) plus bias (O, or nil); see Conv2DOp. Zero groups mean
// 1.
func Conv2D(x, weight, bias *Node, window Window, groups int) *Node {
	op := Conv2DOp{window.normal(), max(groups, 1)}
	if bias == nil {
		return x.graph.add(op, x, weight)
	}
	return x.graph.add(op, x, weight, bias)
}
