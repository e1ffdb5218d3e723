package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// MaxPool2DOp takes the greatest element of each window; padding never wins,
// NaN always does. A window that has only padding, which dilation makes possible,
// gives −Inf.
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

func (MaxPool2DOp) cheap() {}

func (o MaxPool2DOp) rebatch(batching) (Op, bool) { return o, true }

func (o MaxPool2DOp) window(_ *Node, axis int) (size, stride int) {
	return o.extent(axis, o.Kernel[axis]), o.Stride[axis]
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

// MaxPool2D returns the maximum over each window of x (N×C×H×W). A zero
// stride means the kernel's size, as in PyTorch.
func MaxPool2D(x *Node, kernel [2]int, window Window, ceil bool) *Node {
	return x.graph.add(MaxPool2DOp{pool(kernel, window, ceil)}, x)
}
