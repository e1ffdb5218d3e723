package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// AdaptiveAvgPool2DOp averages images down, or up, to Output = {height,
// width}, as PyTorch's AdaptiveAvgPool2d: element (i, j) of the result is the
// mean of the rows and columns that Region gives. Regions overlap where the
// sizes do not divide.
type AdaptiveAvgPool2DOp struct{ Output [2]int }

// Kind returns "AdaptiveAvgPool2D".
func (AdaptiveAvgPool2DOp) Kind() string { return "AdaptiveAvgPool2D" }

func (o AdaptiveAvgPool2DOp) describe([]tensor.Shape) string {
	return "AdaptiveAvgPool2D to " + pair(o.Output, false)
}

// Infer returns N×C×Output.
func (o AdaptiveAvgPool2DOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	return o.infer(in[0])
}

func (o AdaptiveAvgPool2DOp) infer(x tensor.Shape) (tensor.Shape, error) {
	if err := rank("input", x, 4, "N×C×H×W"); err != nil {
		return nil, err
	}
	if o.Output[0] < 1 || o.Output[1] < 1 {
		return nil, fmt.Errorf("output size %s must be at least 1×1", pair(o.Output, false))
	}
	return tensor.Shape{x[0], x[1], o.Output[0], o.Output[1]}, nil
}

func (o AdaptiveAvgPool2DOp) gradient(y, dy *Node) []*Node {
	return []*Node{dy.graph.add(AdaptiveAvgPool2DGradOp{Pool: o, InputShape: y.inputs[0].shape}, dy)}
}

func (AdaptiveAvgPool2DOp) cheap() {}

func (o AdaptiveAvgPool2DOp) rebatch(batching) (Op, bool) { return o, true }

// window takes the largest region and the smallest distance of two: regions
// differ by one element, and so do their distances.
func (o AdaptiveAvgPool2DOp) window(n *Node, axis int) (size, stride int) {
	in := n.inputs[0].shape[2+axis]
	size = 1
	for i := range o.Output[axis] {
		start, stop := o.Region(axis, i, in)
		size = max(size, stop-start)
	}
	return size, max(1, in/o.Output[axis])
}

// Region returns the elements start ≤ k < stop of an axis (0 vertical, 1
// horizontal) of n elements that element i of the result averages:
// start = ⌊i·n/out⌋ and stop = ⌈(i+1)·n/out⌉.
func (o AdaptiveAvgPool2DOp) Region(axis, i, n int) (start, stop int) {
	out := o.Output[axis]
	return i * n / out, ((i+1)*n + out - 1) / out
}

// AdaptiveAvgPool2DGradOp spreads each dy element evenly over its region.
// Argument: dy.
type AdaptiveAvgPool2DGradOp struct {
	noGradient
	Pool       AdaptiveAvgPool2DOp
	InputShape tensor.Shape
}

// Kind returns "AdaptiveAvgPool2DGrad".
func (AdaptiveAvgPool2DGradOp) Kind() string { return "AdaptiveAvgPool2DGrad" }

// Infer returns InputShape.
func (o AdaptiveAvgPool2DGradOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 1); err != nil {
		return nil, err
	}
	out, err := o.Pool.infer(o.InputShape)
	if err == nil && !out.Equal(in[0]) {
		err = fmt.Errorf("dy must have shape %v, got %v", out, in[0])
	}
	return o.InputShape, err
}

// AdaptiveAvgPool2D averages x (N×C×H×W) to N×C×height×width; see
// AdaptiveAvgPool2DOp. Where that is the same as a simpler operator it adds
// that: none if the size stays, a mean over the image for 1×1, and AvgPool2D
// where the sizes divide.
func AdaptiveAvgPool2D(x *Node, height, width int) *Node {
	op := AdaptiveAvgPool2DOp{[2]int{height, width}}
	s := x.shape
	if len(s) != 4 || height < 1 || width < 1 {
		return x.graph.add(op, x) // for its message
	}
	h, w := s[2], s[3]
	switch {
	case height == h && width == w:
		return x
	case height == 1 && width == 1:
		return MeanKeep(x, 2, 3)
	case h%height == 0 && w%width == 0:
		return AvgPool2D(x, [2]int{h / height, w / width}, Window{}, false, true)
	}
	return x.graph.add(op, x)
}
