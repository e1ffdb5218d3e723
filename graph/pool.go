package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// Pool holds what max and average pooling share. With Ceil the output size is
// rounded up, as PyTorch's ceil_mode: a last window may hang over the right
// or lower edge as long as it starts inside the image or its left padding.
type Pool struct {
	Window
	Kernel [2]int
	Ceil   bool
}

func (p Pool) describe(kind string) string {
	return fmt.Sprintf("%s %s, stride %s, padding %s", kind, pair(p.Kernel, false), pair(p.Stride, true), pair(p.Pad, true))
}

func (p Pool) infer(x tensor.Shape) (tensor.Shape, error) {
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	for i := range 2 {
		if p.Kernel[i] < 1 {
			return nil, fmt.Errorf("kernel %v must be at least 1×1", pair(p.Kernel, false))
		}
		if 2*p.Pad[i] > p.Kernel[i] {
			return nil, fmt.Errorf("padding %s must be at most half of the kernel %s", pair(p.Pad, true), pair(p.Kernel, false))
		}
	}
	out, err := p.outputSize(x, p.Kernel, p.Ceil)
	if err != nil {
		return nil, err
	}
	return tensor.Shape{x[0], x[1], out[0], out[1]}, nil
}

// MaxPool2DOp takes the greatest element of each window; padding never wins,
// NaN always does.
type MaxPool2DOp struct{ Pool }

// Kind returns "MaxPool2D".
func (MaxPool2DOp) Kind() string { return "MaxPool2D" }

func (o MaxPool2DOp) describe([]tensor.Shape) string { return o.Pool.describe("MaxPool2D") }

// Infer returns N×C×H'×W'.
func (o MaxPool2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return o.infer(in[0])
}

func (o MaxPool2DOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(MaxPool2DGradOp{Pool: o.Pool}, y.inputs[0], dy)}
}

// MaxPool2DGradOp adds each dy element to the position of its window's
// maximum, the first one in row-major order. Arguments: x, dy.
type MaxPool2DGradOp struct {
	noGradient
	Pool
}

// Kind returns "MaxPool2DGrad".
func (MaxPool2DGradOp) Kind() string { return "MaxPool2DGrad" }

// Infer returns the shape of x.
func (o MaxPool2DGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	out, err := o.infer(in[0])
	if err == nil && !out.Equal(in[1]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[1])
	}
	return in[0], err
}

// AvgPool2DOp averages each window, padding counting as zeros. With
// CountIncludePad the divisor counts the padding that the window covers
// (PyTorch's default), otherwise only elements inside the image. What hangs
// over the padded image under Ceil is never counted. Dilation is not used.
type AvgPool2DOp struct {
	Pool
	CountIncludePad bool
}

// Kind returns "AvgPool2D".
func (AvgPool2DOp) Kind() string { return "AvgPool2D" }

func (o AvgPool2DOp) describe([]tensor.Shape) string { return o.Pool.describe("AvgPool2D") }

// Infer returns N×C×H'×W'.
func (o AvgPool2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	if o.Dilation != [2]int{1, 1} {
		return nil, fmt.Errorf("average pooling has no dilation, got %v", o.Dilation)
	}
	return o.infer(in[0])
}

func (o AvgPool2DOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(AvgPool2DGradOp{Pool: o, InputShape: y.inputs[0].shape}, dy)}
}

// AvgPool2DGradOp spreads each dy element evenly over its window. Argument: dy.
type AvgPool2DGradOp struct {
	noGradient
	Pool       AvgPool2DOp
	InputShape tensor.Shape
}

// Kind returns "AvgPool2DGrad".
func (AvgPool2DGradOp) Kind() string { return "AvgPool2DGrad" }

// Infer returns InputShape.
func (o AvgPool2DGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	out, err := o.Pool.infer(o.InputShape)
	if err == nil && !out.Equal(in[0]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[0])
	}
	return o.InputShape, err
}

// Divisor returns the number that the window with output position (i, j) is
// divided by, for an input of height h and width w. Engines use it so that
// all agree on the edges.
func (o AvgPool2DOp) Divisor(i, j, h, w int) int {
	return o.extent(0, i, h) * o.extent(1, j, w)
}

func (o AvgPool2DOp) extent(axis, i, n int) int {
	start := i*o.Stride[axis] - o.Pad[axis]
	stop := min(start+o.Kernel[axis], n+o.Pad[axis])
	if !o.CountIncludePad {
		start, stop = max(start, 0), min(stop, n)
	}
	return stop - start
}

// MaxPool2D returns the maximum over each window of x (N×C×H×W). A zero
// stride means the kernel's size, as in PyTorch.
func MaxPool2D(x *Node, kernel [2]int, window Window, ceil bool) *Node {
	return x.graph.add(MaxPool2DOp{pool(kernel, window, ceil)}, x)
}

// AvgPool2D returns the mean over each window of x (N×C×H×W). A zero stride
// means the kernel's size.
func AvgPool2D(x *Node, kernel [2]int, window Window, ceil, countIncludePad bool) *Node {
	return x.graph.add(AvgPool2DOp{pool(kernel, window, ceil), countIncludePad}, x)
}

func pool(kernel [2]int, w Window, ceil bool) Pool {
	for i := range 2 {
		if w.Stride[i] == 0 {
			w.Stride[i] = kernel[i]
		}
	}
	return Pool{w.normal(), kernel, ceil}
}
