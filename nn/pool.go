package nn

import "github.com/strideml/stride/graph"

// Pool2DLayer is max or average pooling; see [MaxPool2D] and [AvgPool2D].
type Pool2DLayer struct {
	average    bool
	kernel     [2]int
	window     graph.Window
	ceil       bool
	excludePad bool
}

// MaxPool2D returns a layer that takes the maximum of each k×k window. As in
// PyTorch the stride is k unless set otherwise, and padding never wins.
func MaxPool2D(k int) *Pool2DLayer { return &Pool2DLayer{kernel: [2]int{k, k}} }

// AvgPool2D returns a layer that averages each k×k window. As in PyTorch the
// stride is k unless set otherwise, and padding counts as zeros.
func AvgPool2D(k int) *Pool2DLayer { return &Pool2DLayer{average: true, kernel: [2]int{k, k}} }

// Kernel sets the window's height and width.
func (p *Pool2DLayer) Kernel(h, w int) *Pool2DLayer { p.kernel = [2]int{h, w}; return p }

// Stride sets the step of the window along both axes.
func (p *Pool2DLayer) Stride(n int) *Pool2DLayer { return p.StrideHW(n, n) }

// StrideHW sets the vertical and the horizontal step; 0 means the kernel's
// size.
func (p *Pool2DLayer) StrideHW(h, w int) *Pool2DLayer { p.window.Stride = [2]int{h, w}; return p }

// Pad sets the rows and columns added on each side, at most half of the
// kernel.
func (p *Pool2DLayer) Pad(n int) *Pool2DLayer { return p.PadHW(n, n) }

// PadHW sets the rows added above and below and the columns added left and
// right.
func (p *Pool2DLayer) PadHW(h, w int) *Pool2DLayer { p.window.Pad = [2]int{h, w}; return p }

// Dilation sets the distance between a window's elements along both axes; only
// max pooling has one.
func (p *Pool2DLayer) Dilation(n int) *Pool2DLayer { p.window.Dilation = [2]int{n, n}; return p }

// Ceil rounds the output size up instead of down: PyTorch's ceil_mode.
func (p *Pool2DLayer) Ceil() *Pool2DLayer { p.ceil = true; return p }

// ExcludePad leaves padding out of averages: PyTorch's count_include_pad =
// False. It changes nothing for max pooling.
func (p *Pool2DLayer) ExcludePad() *Pool2DLayer { p.excludePad = true; return p }

func (p *Pool2DLayer) kind() string {
	if p.average {
		return "AvgPool2D"
	}
	return "MaxPool2D"
}

// Forward adds the pooling of x (N×C×H×W).
func (p *Pool2DLayer) Forward(x *graph.Node) *graph.Node {
	return within(p, x, func(scope) *graph.Node {
		if p.average {
			return graph.AvgPool2D(x, p.kernel, p.window, p.ceil, !p.excludePad)
		}
		return graph.MaxPool2D(x, p.kernel, p.window, p.ceil)
	})
}

// GlobalAvgPool2DLayer averages whole images; see [GlobalAvgPool2D].
type GlobalAvgPool2DLayer struct{ name string }

// GlobalAvgPool2D returns a layer that averages each channel over the image:
// N×C×H×W becomes N×C×1×1, as PyTorch's AdaptiveAvgPool2d(1).
func GlobalAvgPool2D() *GlobalAvgPool2DLayer { return &GlobalAvgPool2DLayer{"GlobalAvgPool2D"} }

func (p *GlobalAvgPool2DLayer) kind() string { return p.name }

// Forward adds the mean over the last two axes of x.
func (p *GlobalAvgPool2DLayer) Forward(x *graph.Node) *graph.Node {
	return within(p, x, func(s scope) *graph.Node {
		if len(x.Shape()) != 4 {
			s.g.Fail(p.name, "input must have rank 4 (N×C×H×W), got %v", x.Shape())
		}
		return graph.MeanKeep(x, 2, 3)
	})
}

// AdaptiveAvgPool2DLayer averages images to a given size; see [AdaptiveAvgPool2D].
type AdaptiveAvgPool2DLayer struct{ height, width int }

// AdaptiveAvgPool2D returns a layer that averages images of any size to
// height×width: N×C×H×W becomes N×C×height×width. Element i of an axis is the
// mean of the elements ⌊i·n/out⌋ ≤ k < ⌈(i+1)·n/out⌉, as in PyTorch's
// AdaptiveAvgPool2d. An image smaller than that is repeated.
func AdaptiveAvgPool2D(height, width int) *AdaptiveAvgPool2DLayer {
	return &AdaptiveAvgPool2DLayer{height, width}
}

func (p *AdaptiveAvgPool2DLayer) kind() string { return "AdaptiveAvgPool2D" }

// Forward adds the pooling of x (N×C×H×W).
func (p *AdaptiveAvgPool2DLayer) Forward(x *graph.Node) *graph.Node {
	return within(p, x, func(scope) *graph.Node { return graph.AdaptiveAvgPool2D(x, p.height, p.width) })
}
