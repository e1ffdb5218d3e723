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
