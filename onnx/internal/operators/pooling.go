package operators

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// poolWindow reads the attributes of a pooling.
func (c *Call) poolWindow() window {
	kernel := c.ints("kernel_shape")
	if kernel == nil {
		c.fail("there is no kernel_shape")
	}
	return c.window(kernel)
}

// direct reports whether graph's pooling takes the padding as it is.
func (w window) direct() bool {
	return w.before == w.after && 2*w.before[0] <= w.kernel[0] && 2*w.before[1] <= w.kernel[1]
}

func maxPool(c *Call) []*Value {
	if len(c.Outputs) > 1 && c.Outputs[1] != "" {
		c.unsupported("Indices", "an output", "the positions of the maxima")
	}
	w := c.poolWindow()
	x := image(c.x())
	if !w.direct() {
		x, w = w.padImage(x, float32(math.Inf(-1)))
	}
	return c.one(unimage(graph.MaxPool2D(x, w.kernel, w.plain(), w.ceil), c.rank()))
}

func averagePool(c *Call) []*Value {
	w := c.poolWindow()
	x := image(c.x())
	padded := c.flag("count_include_pad")
	if w.direct() && w.dilation == [2]int{1, 1} {
		return c.one(unimage(graph.AvgPool2D(x, w.kernel, w.plain(), w.ceil, padded), c.rank()))
	}
	factors := c.Graph.Constant(c.reciprocals(w, x.Shape(), padded))
	y := graph.Mul(w.sums(c, x), factors)
	return c.one(unimage(y, c.rank()))
}

// sums adds up the elements of each window; padding counts as zeros.
func (w window) sums(c *Call, x *graph.Node) *graph.Node {
	x, w = w.padImage(x, 0)
	if w.dilation == [2]int{1, 1} {
		return graph.Mul(graph.AvgPool2D(x, w.kernel, w.plain(), false, true), c.scalar(float64(w.kernel[0]*w.kernel[1])))
	}
	channels := x.Shape()[1]
	ones := c.Graph.Constant(tensor.Full(1, channels, 1, w.kernel[0], w.kernel[1]))
	return graph.Conv2D(x, ones, nil, w.plain(), channels)
}

// spatialAxes are those of the pixels.
func (c *Call) spatialAxes() []int {
	if c.rank() < 3 {
		c.fail("an input %v has no pixels: want N×C×…", c.dims())
	}
	axes := make([]int, 0, c.rank()-2)
	for a := 2; a < c.rank(); a++ {
		axes = append(axes, a)
	}
	return axes
}

func globalAveragePool(c *Call) []*Value {
	return c.one(graph.MeanKeep(c.x(), c.spatialAxes()...))
}

func globalMaxPool(c *Call) []*Value { return c.one(graph.MaxKeep(c.x(), c.spatialAxes()...)) }

// lpPool is (Σ|x|ᵖ)^(1/p) over each window.
func lpPool(c *Call) []*Value {
	w := c.poolWindow()
	x := image(c.x())
	y := c.root(w.sums(c, c.toPower(x)))
	return c.one(unimage(y, c.rank()))
}

func globalLpPool(c *Call) []*Value {
	return c.one(c.root(graph.SumKeep(c.toPower(c.x()), c.spatialAxes()...)))
}

// norm returns p of an Lᵖ norm, a float before version 2.
func (c *Call) norm() float32 {
	p := float32(c.Int("p", 2))
	if a := c.Attribute("p"); a != nil && c.Version < 2 {
		p = c.Float("p", 2)
	}
	if !(p >= 1) {
		c.unsupported("p", p, "want at least 1")
	}
	return p
}

// toPower is |x|ᵖ.
func (c *Call) toPower(x *graph.Node) *graph.Node {
	switch p := c.norm(); p {
	case 1:
		return graph.Abs(x)
	case 2:
		return graph.Mul(x, x)
	default:
		return graph.Pow(graph.Abs(x), p)
	}
}

// root is x^(1/p).
func (c *Call) root(x *graph.Node) *graph.Node {
	switch p := c.norm(); p {
	case 1:
		return x
	case 2:
		return graph.Sqrt(x)
	default:
		return graph.Pow(x, 1/p)
	}
}
