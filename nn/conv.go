package nn

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// Conv2DLayer is a two-dimensional convolution; see [Conv2D].
type Conv2DLayer struct {
	out, groups int
	kernel      [2]int
	window      graph.Window
	same        bool
	noBias      bool
	init        Initializer
	initBias    Initializer
}

// Conv2D returns a convolution (in truth a cross-correlation, as everywhere in
// deep learning) with the given number of output channels and a square
// kernel: N×C×H×W becomes N×out×H'×W' with H' = ⌊(H+2p−d·(k−1)−1)/s⌋+1. The
// number of input channels is that of what it is applied to. Stride 1, no
// padding, dilation 1, one group and a bias unless set otherwise. Parameters:
// weight (out×(C/groups)×k×k) and bias (out).
func Conv2D(out, kernel int) *Conv2DLayer {
	return &Conv2DLayer{out: out, groups: 1, kernel: [2]int{kernel, kernel}, window: graph.Window{
		Stride: [2]int{1, 1}, Dilation: [2]int{1, 1},
	}}
}

// Kernel sets the kernel's height and width.
func (c *Conv2DLayer) Kernel(h, w int) *Conv2DLayer { c.kernel = [2]int{h, w}; return c }

// Stride sets the step of the window along both axes.
func (c *Conv2DLayer) Stride(n int) *Conv2DLayer { return c.StrideHW(n, n) }

// StrideHW sets the vertical and the horizontal step of the window.
func (c *Conv2DLayer) StrideHW(h, w int) *Conv2DLayer { c.window.Stride = [2]int{h, w}; return c }

// Pad sets the rows and columns of zeros added on each side.
func (c *Conv2DLayer) Pad(n int) *Conv2DLayer { return c.PadHW(n, n) }

// PadHW sets the rows of zeros added above and below and the columns added
// left and right.
func (c *Conv2DLayer) PadHW(h, w int) *Conv2DLayer { c.window.Pad = [2]int{h, w}; return c }

// Same chooses the padding by the size of the input, as TensorFlow's SAME does:
// the output has ⌈H/s⌉ rows and ⌈W/s⌉ columns, and where the zeros that this
// needs cannot be halved, there is one more below and to the right. Padding that
// is set otherwise has no effect then. See [graph.Window.SamePad] for the formula.
func (c *Conv2DLayer) Same() *Conv2DLayer { c.same = true; return c }

// Dilation sets the distance between the kernel's elements along both axes.
func (c *Conv2DLayer) Dilation(n int) *Conv2DLayer { c.window.Dilation = [2]int{n, n}; return c }

// Groups divides the input and output channels into n groups that do not see
// each other.
func (c *Conv2DLayer) Groups(n int) *Conv2DLayer { c.groups = n; return c }

// NoBias leaves the bias out.
func (c *Conv2DLayer) NoBias() *Conv2DLayer { c.noBias = true; return c }

// Init sets the initializer of the weight; the model's is used otherwise.
func (c *Conv2DLayer) Init(i Initializer) *Conv2DLayer { c.init = i; return c }

// InitBias sets the initializer of the bias; it is PyTorchDefault otherwise.
func (c *Conv2DLayer) InitBias(i Initializer) *Conv2DLayer { c.initBias = i; return c }

func (c *Conv2DLayer) kind() string { return "Conv2D" }

// Forward adds the convolution of x.
func (c *Conv2DLayer) Forward(x *graph.Node) *graph.Node {
	return within(c, x, func(s scope) *graph.Node {
		in := x.Shape()
		if len(in) != 4 {
			s.g.Fail("Conv2D", "input must have rank 4 (N×C×H×W), got %v", in)
		}
		numbers := slices.Concat([]int{c.out, c.groups}, c.kernel[:], c.window.Stride[:], c.window.Dilation[:])
		if slices.Min(numbers) < 1 || slices.Min(c.window.Pad[:]) < 0 {
			s.g.Fail("Conv2D", "output channels %d, kernel %v, stride %v, dilation %v and groups %d must be at least 1, padding %v at least 0",
				c.out, c.kernel, c.window.Stride, c.window.Dilation, c.groups, c.window.Pad)
		}
		if in[1]%c.groups != 0 || c.out%c.groups != 0 {
			s.g.Fail("Conv2D", "%d groups must divide the %d input and %d output channels", c.groups, in[1], c.out)
		}
		area := c.kernel[0] * c.kernel[1]
		weight, bias := s.weights(c.init, c.initBias, c.noBias, in[1]/c.groups*area, c.out*area,
			c.out, in[1]/c.groups, c.kernel[0], c.kernel[1])
		window := c.window
		if c.same {
			window = window.SamePad(in[2], in[3], c.kernel)
		}
		return graph.Conv2D(x, weight, bias, window, c.groups)
	})
}
