package nn

import (
	"github.com/strideml/stride/graph"
)

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
