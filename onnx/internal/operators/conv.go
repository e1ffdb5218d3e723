package operators

import (
	"github.com/strideml/stride/graph"
)

// weightKernel returns the sizes of a convolution's kernel from its weight.
func (c *Call) weightKernel() []int {
	w := c.In[1].Shape
	if len(w) != c.rank() {
		c.fail("the weight has the shape %v for an input %v", w, c.dims())
	}
	return w[2:]
}

func conv(c *Call) []*Value {
	w := c.window(c.weightKernel())
	x := w.takePad(image(c.x()))
	if w.before[0] > w.after[0] || w.before[1] > w.after[1] {
		x, w = w.padImage(x, 0)
	}
	y := graph.Conv2D(x, image(c.arg(1)), c.arg(2), w.plain(), int(c.Int("group", 1)))
	return c.one(unimage(y, c.rank()))
}

// takePad takes over the padding of a Pad with zeros before the convolution.
func (w *window) takePad(x *graph.Node) *graph.Node {
	pad, ok := x.Op().(graph.PadOp)
	if !ok || pad.Value != 0 || pad.Before[0]+pad.After[0]+pad.Before[1]+pad.After[1] != 0 {
		return x
	}
	for axis := range 2 {
		w.before[axis] += pad.Before[2+axis]
		w.after[axis] += pad.After[2+axis]
	}
	return x.Inputs()[0]
}
