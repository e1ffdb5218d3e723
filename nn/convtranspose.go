package nn

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// ConvTranspose2DLayer is a transposed convolution; see [ConvTranspose2D].
type ConvTranspose2DLayer struct {
	out, groups       int
	kernel, outputPad [2]int
	window            graph.Window
	noBias            bool
	init, initBias    Initializer
}

// ConvTranspose2D returns a transposed convolution, as PyTorch's ConvTranspose2d, with
// the given number of output channels and a square kernel: N×C×H×W becomes
// N×out×H'×W' with H' = (H−1)·s − 2p + d·(k−1) + 1 + OutputPad. With kernel 2 and
// stride 2 it doubles height and width. The number of input channels is that of what it
// is applied to. Stride 1, no padding, dilation 1, one group and a bias unless set
// otherwise. Parameters: weight (C×(out/groups)×k×k) and bias (out).
func ConvTranspose2D(out, kernel int) *ConvTranspose2DLayer {
	return &ConvTranspose2DLayer{out: out, groups: 1, kernel: [2]int{kernel, kernel}, window: graph.Window{
		Stride: [2]int{1, 1}, Dilation: [2]int{1, 1},
	}}
}

// Kernel sets the kernel's height and width.
func (c *ConvTranspose2DLayer) Kernel(h, w int) *ConvTranspose2DLayer {
	c.kernel = [2]int{h, w}
	return c
}

// Stride sets the distance between the windows of neighbouring elements of the input.
func (c *ConvTranspose2DLayer) Stride(n int) *ConvTranspose2DLayer {
	c.window.Stride = [2]int{n, n}
	return c
}

// Pad sets how many rows and columns of the result are cut off on each side.
func (c *ConvTranspose2DLayer) Pad(n int) *ConvTranspose2DLayer {
	c.window.Pad = [2]int{n, n}
	return c
}

// OutputPad sets how many rows are added below the result and columns to its right. It
// must be smaller than the stride or than the dilation.
func (c *ConvTranspose2DLayer) OutputPad(n int) *ConvTranspose2DLayer {
	c.outputPad = [2]int{n, n}
	return c
}

// Dilation sets the distance between the kernel's elements.
func (c *ConvTranspose2DLayer) Dilation(n int) *ConvTranspose2DLayer {
	c.window.Dilation = [2]int{n, n}
	return c
}

// Groups divides the input and output channels into n groups that do not see each
// other.
func (c *ConvTranspose2DLayer) Groups(n int) *ConvTranspose2DLayer { c.groups = n; return c }

// NoBias leaves the bias out.
func (c *ConvTranspose2DLayer) NoBias() *ConvTranspose2DLayer { c.noBias = true; return c }

// Init sets the initializer of the weight; the model's is used otherwise. The fan-in is
// that of PyTorch: out/groups times the area of the kernel.
func (c *ConvTranspose2DLayer) Init(i Initializer) *ConvTranspose2DLayer { c.init = i; return c }

// InitBias sets the initializer of the bias; it is PyTorchDefault otherwise.
func (c *ConvTranspose2DLayer) InitBias(i Initializer) *ConvTranspose2DLayer {
	c.initBias = i
	return c
}

func (c *ConvTranspose2DLayer) kind() string { return "ConvTranspose2D" }

// Forward adds the transposed convolution of x.
func (c *ConvTranspose2DLayer) Forward(x *graph.Node) *graph.Node {
	return within(c, x, func(s scope) *graph.Node {
		in := x.Shape()
		if len(in) != 4 {
			s.g.Fail(c.kind(), "input must have rank 4 (N×C×H×W), got %v", in)
		}
		numbers := slices.Concat([]int{c.out, c.groups}, c.kernel[:], c.window.Stride[:], c.window.Dilation[:])
		if slices.Min(numbers) < 1 || min(c.window.Pad[0], c.outputPad[0]) < 0 {
			s.g.Fail(c.kind(), "output channels %d, kernel %v, stride %v, dilation %v and groups %d must be at least 1, padding %v and output padding %v at least 0",
				c.out, c.kernel, c.window.Stride, c.window.Dilation, c.groups, c.window.Pad, c.outputPad)
		}
		if c.outputPad[0] >= max(c.window.Stride[0], c.window.Dilation[0]) {
			s.g.Fail(c.kind(), "output padding %d must be smaller than the stride %d or the dilation %d", c.outputPad[0], c.window.Stride[0], c.window.Dilation[0])
		}
		if in[1]%c.groups != 0 || c.out%c.groups != 0 {
			s.g.Fail(c.kind(), "%d groups must divide the %d input and %d output channels", c.groups, in[1], c.out)
		}
		area := c.kernel[0] * c.kernel[1]
		fanIn, fanOut := c.out/c.groups*area, in[1]*area
		weight, _ := s.weights(c.init, nil, true, fanIn, fanOut, in[1], c.out/c.groups, c.kernel[0], c.kernel[1])
		var bias *graph.Node
		if !c.noBias {
			init := c.initBias
			if init == nil {
				init = PyTorchDefault()
			}
			bias = s.parameter("bias", fillWith(init, fanIn, fanOut), c.out)
		}
		return graph.ConvTranspose2D(x, weight, bias, c.window, c.outputPad, c.groups)
	})
}
