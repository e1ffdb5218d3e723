package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// ONNX Runtime, PyTorch and the versions of ONNX disagree on ceil_mode, so it is not
// used: images have known sizes, and padding at the end that makes the last windows
// whole says the same.

// overhang returns how far the last window along an axis reaches over the padded image,
// 0 if it does not.
func overhang(p graph.Pool, axis, in, out int) int {
	last := (out-1)*p.Stride[axis] + p.Dilation[axis]*(p.Kernel[axis]-1) + 1
	return max(0, last-(in+2*p.Pad[axis]+p.ExtraPad[axis]))
}

// overhangs returns the overhang along both axes.
func (c *call) overhangs(p graph.Pool) [2]int {
	in, out := c.node.Inputs()[0].Shape(), c.node.Shape()
	return [2]int{overhang(p, 0, in[2], out[2]), overhang(p, 1, in[3], out[3])}
}

// maxPool2D is MaxPool, whose padding never wins. Pad comes first if the padding is as
// large as the kernel, which ONNX Runtime refuses: with dilation, a last window may hang
// over so far.
func maxPool2D(c *call, o graph.MaxPool2DOp) string {
	x, w, over := c.in(0), o.Window, c.overhangs(o.Pool)
	w.ExtraPad[0] += over[0]
	w.ExtraPad[1] += over[1]
	if w.Pad[0]+w.ExtraPad[0] >= o.Kernel[0] || w.Pad[1]+w.ExtraPad[1] >= o.Kernel[1] {
		x, w = c.padded(x, w, float32(math.Inf(-1)))
	}
	return c.op("MaxPool", []string{x}, append(window(w, o.Kernel), ints("dilations", o.Dilation[0], o.Dilation[1]))...)
}

// padded pads images by a node of its own and returns the window without padding.
func (c *call) padded(x string, w graph.Window, value float32) (string, graph.Window) {
	after := []int{0, 0, w.Pad[0] + w.ExtraPad[0], w.Pad[1] + w.ExtraPad[1]}
	x = c.pad(x, []int{0, 0, w.Pad[0], w.Pad[1]}, after, value)
	w.Pad, w.ExtraPad = [2]int{}, [2]int{}
	return x, w
}

// dilatedAvgPool2D is a sum of windows, as a convolution of each channel, times one over
// the number of elements that each averages: AveragePool has dilation from opset 19 on.
func dilatedAvgPool2D(c *call, o graph.AvgPool2DOp) string {
	in, out, over := c.node.Inputs()[0].Shape(), c.node.Shape(), c.overhangs(o.Pool)
	w := o.Window
	w.ExtraPad[0] += over[0]
	w.ExtraPad[1] += over[1]
	ones := tensor.Full(1, in[1], 1, o.Kernel[0], o.Kernel[1])
	sum := c.op("Conv", []string{c.in(0), c.floats("window", ones.Data(), ones.Shape()...)}, append(window(w, o.Kernel),
		ints("dilations", o.Dilation[0], o.Dilation[1]), number("group", in[1]))...)
	shares := tensor.New(1, 1, out[2], out[3])
	for i := range out[2] {
		for j := range out[3] {
			shares.Set(1/float32(o.Divisor(i, j, in[2], in[3])), 0, 0, i, j)
		}
	}
	return c.op("Mul", []string{sum, c.floats("shares", shares.Data(), shares.Shape()...)})
}

// avgPool2D is AveragePool. Padding that counts and what hangs over it, which does not,
// cannot both be in one AveragePool: then Pad comes first.
func avgPool2D(c *call, o graph.AvgPool2DOp) string {
	if o.Dilation != [2]int{1, 1} {
		return dilatedAvgPool2D(c, o)
	}
	x, w, over := c.in(0), o.Window, c.overhangs(o.Pool)
	count := o.CountIncludePad
	if count && over != [2]int{} {
		if w.Pad != [2]int{} || w.ExtraPad != [2]int{} {
			x, w = c.padded(x, w, 0)
		}
		count = false
	}
	w.ExtraPad[0] += over[0]
	w.ExtraPad[1] += over[1]
	return c.op("AveragePool", []string{x}, append(window(w, o.Kernel), number("count_include_pad", toInt(count)))...)
}

// adaptiveAvgPool2D multiplies by two matrices, whose rows average the regions along an
// axis: the mean of a rectangle is the mean of its rows' means.
func adaptiveAvgPool2D(c *call, o graph.AdaptiveAvgPool2DOp) string {
	return c.alongAxes("regions", o.Output, func(axis, i, n int, add func(k int, weight float32)) {
		start, stop := o.Region(axis, i, n)
		for k := start; k < stop; k++ {
			add(k, 1/float32(stop-start))
		}
	})
}

// alongAxes multiplies images by a matrix for the rows and one for the columns. each
// calls add with the elements k, and their weights, that element i of the result is the
// sum of along an axis of n elements.
func (c *call) alongAxes(name string, output [2]int, each func(axis, i, n int, add func(k int, weight float32))) string {
	in := c.node.Inputs()[0].Shape()
	if c.node.Path() != "" {
		name = c.node.Path() + "/" + name
	}
	matrix := func(axis, n int, transposed bool) string {
		out := output[axis]
		m, shape := make([]float32, out*n), []int{out, n}
		if transposed {
			shape = []int{n, out}
		}
		for i := range out {
			each(axis, i, n, func(k int, weight float32) {
				at := i*n + k
				if transposed {
					at = k*out + i
				}
				m[at] = weight
			})
		}
		return c.floats(name, m, shape...)
	}
	rows := c.op("MatMul", []string{c.in(0), matrix(1, in[3], true)})
	return c.op("MatMul", []string{matrix(0, in[2], false), rows})
}
