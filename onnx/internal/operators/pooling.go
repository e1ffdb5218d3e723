package operators

import (
	"github.com/strideml/stride/graph"
)

// poolWindow reads the attributes of a pooling.
func (c *Call) poolWindow() window {
	kernel := c.ints("kernel_shape")
	if kernel == nil {
		c.fail("there is no kernel_shape")
	}
	return c.window(kernel)
}

func maxPool(c *Call) []*Value {
	if len(c.Outputs) > 1 && c.Outputs[1] != "" {
		c.unsupported("Indices", "an output", "the positions of the maxima")
	}
	w := c.poolWindow()
	return c.one(unimage(graph.MaxPool2D(image(c.x()), w.kernel, w.plain(), w.ceil), c.rank()))
}

func averagePool(c *Call) []*Value {
	w := c.poolWindow()
	y := graph.AvgPool2D(image(c.x()), w.kernel, w.plain(), w.ceil, c.flag("count_include_pad"))
	return c.one(unimage(y, c.rank()))
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
	x, w := w.padImage(c.toPower(image(c.x())), 0)
	sums := graph.Mul(graph.AvgPool2D(x, w.kernel, w.plain(), false, true), c.scalar(float64(w.kernel[0]*w.kernel[1])))
	return c.one(unimage(c.root(sums), c.rank()))
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
