package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// AvgPool2DOp averages each window, padding counting as zeros. With
// CountIncludePad the divisor counts the padding that the window covers
// (PyTorch's default), otherwise only elements inside the image. What hangs
// over the padded image under Ceil is never counted. A window of which nothing is
// counted, which dilation makes possible, gives 0.
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
	return o.infer(in[0])
}

func (o AvgPool2DOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(AvgPool2DGradOp{Pool: o, InputShape: y.inputs[0].shape}, dy)}
}

func (AvgPool2DOp) cheap() {}

func (o AvgPool2DOp) rebatch(batching) (Op, bool) { return o, true }

func (o AvgPool2DOp) window(_ *Node, axis int) (size, stride int) {
	return o.extent(axis, o.Kernel[axis]), o.Stride[axis]
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
	return max(1, o.counted(0, i, h)*o.counted(1, j, w))
}

// counted returns how many elements of a window count along an axis of n elements.
func (o AvgPool2DOp) counted(axis, i, n int) (count int) {
	from, to := 0, n
	if o.CountIncludePad {
		from, to = -o.Pad[axis], n+o.after(axis)
	}
	for k := range o.Kernel[axis] {
		if at := i*o.Stride[axis] - o.Pad[axis] + k*o.Dilation[axis]; at >= from && at < to {
			count++
		}
	}
	return count
}

// AvgPool2D returns the mean over each window of x (N×C×H×W). A zero stride
// means the kernel's size. PyTorch's average pooling has no dilation.
func AvgPool2D(x *Node, kernel [2]int, window Window, ceil, countIncludePad bool) *Node {
	return x.graph.add(AvgPool2DOp{pool(kernel, window, ceil), countIncludePad}, x)
}
