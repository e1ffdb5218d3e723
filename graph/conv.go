package graph

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/strideml/stride/tensor"
)

// Window describes how a kernel moves over an image, as {height, width}
// pairs. Zero strides and dilations mean 1.
type Window struct {
	Stride   [2]int
	Pad      [2]int
	Dilation [2]int
}

func (w Window) normal() Window {
	for i := range 2 {
		w.Stride[i] = max(w.Stride[i], 1)
		w.Dilation[i] = max(w.Dilation[i], 1)
	}
	return w
}

func (w Window) check() error {
	for i := range 2 {
		if w.Stride[i] < 1 || w.Dilation[i] < 1 || w.Pad[i] < 0 {
			return fmt.Errorf("stride %v and dilation %v must be at least 1 and padding %v at least 0", w.Stride, w.Dilation, w.Pad)
		}
	}
	return nil
}

var axisNames = [2]string{"height", "width"}

// outputSize applies ⌊(n + 2p − d·(k−1) − 1)/s⌋ + 1 along both axes. in is
// C×H×W or N×C×H×W.
func (w Window) outputSize(in tensor.Shape, kernel [2]int, ceil bool) (out [2]int, err error) {
	if err := w.check(); err != nil {
		return out, err
	}
	for i := range 2 {
		n, k, s, p, d := in[len(in)-2+i], kernel[i], w.Stride[i], w.Pad[i], w.Dilation[i]
		span := n + 2*p - d*(k-1) - 1
		o := floorDiv(span, s) + 1
		if ceil {
			o = floorDiv(span+s-1, s) + 1
			if (o-1)*s >= n+p { // the last window must start in the image or its left padding
				o--
			}
		}
		if o < 1 { // with ceil, a window may be larger than the image
			return out, fmt.Errorf("input %v is smaller than the kernel: output %s ⌊(%d+2·%d−%d)/%d⌋+1 = %s",
				in[max(0, len(in)-3):], axisNames[i], n, p, d*(k-1)+1, s, signed(floorDiv(span, s)+1))
		}
		out[i] = o
	}
	return out, nil
}

// signed prints a number with the minus sign that formulas have.
func signed(n int) string { return strings.Replace(strconv.Itoa(n), "-", "−", 1) }

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// pair prints {5,5} as "5×5" or, with same, as "5".
func pair(p [2]int, same bool) string {
	if same && p[0] == p[1] {
		return fmt.Sprint(p[0])
	}
	return fmt.Sprintf("%d×%d", p[0], p[1])
}

// Conv2DOp is the cross-correlation of a batch of images x (N×C×H×W) with
// weights w (O×(C/Groups)×Kh×Kw) and an optional bias (O):
//
//	y[n,o,i,j] = bias[o] + Σ_{c,a,b} w[o,c,a,b] · x[n, g·C/Groups + c, i·s+a·d−p, j·s+b·d−p]
//
// where g is the group of o and x is 0 outside of the image. This is what
// PyTorch's Conv2d computes.
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
	s += fmt.Sprintf(", stride %s, padding %s", pair(o.Stride, true), pair(o.Pad, true))
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

// MatMulOp is the product of two matrices, each transposed first if asked.
type MatMulOp struct{ TransA, TransB bool }

// Kind returns "MatMul".
func (MatMulOp) Kind() string { return "MatMul" }

// Infer returns rows×columns of the product.
func (o MatMulOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	if len(a) != 2 || len(b) != 2 {
		return nil, fmt.Errorf("arguments must be matrices, got %v and %v", a, b)
	}
	m, k, l, n := a[0], a[1], b[0], b[1]
	if o.TransA {
		m, k = k, m
	}
	if o.TransB {
		l, n = n, l
	}
	if k != l {
		return nil, fmt.Errorf("inner sizes differ: %d×%d times %d×%d", m, k, l, n)
	}
	return tensor.Shape{m, n}, nil
}

func (o MatMulOp) gradient(y, dy *Node) []*Node {
	g, a, b := dy.graph, y.inputs[0], y.inputs[1]
	mul := func(p, q *Node, tp, tq bool) *Node { return g.add(MatMulOp{tp, tq}, p, q) }
	var da, db *Node
	if o.TransA {
		da = mul(b, dy, o.TransB, true)
	} else {
		da = mul(dy, b, false, !o.TransB)
	}
	if o.TransB {
		db = mul(dy, a, true, o.TransA)
	} else {
		db = mul(a, dy, !o.TransA, false)
	}
	return []*Node{da, db}
}

// MatMul returns the matrix product a·b.
func MatMul(a, b *Node) *Node { return a.graph.add(MatMulOp{}, a, b) }

// MatMulT is MatMul with transA and transB saying which matrices are
// transposed first: ONNX's Gemm without its factors.
func MatMulT(a, b *Node, transA, transB bool) *Node {
	return a.graph.add(MatMulOp{transA, transB}, a, b)
}

// Linear returns x·weightᵀ + bias for x N×in, weight out×in and bias out (or
// nil), as PyTorch's Linear.
func Linear(x, weight, bias *Node) *Node {
	y := x.graph.add(MatMulOp{TransB: true}, x, weight)
	if bias == nil {
		return y
	}
	return Add(y, bias)
}
