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
	y := graph.Conv2D(x, image(c.arg(1)), c.arg(2), w.plain(), int(c.Int("group", 1)))
	return c.one(unimage(y, c.rank()))
}

// convTranspose is PyTorch's conv_transpose. The padding may be given by the size of the result.
func convTranspose(c *Call) []*Value {
	w := c.window(c.weightKernel())
	spatial := c.rank() - 2
	var outputPad [2]int
	copy(outputPad[2-spatial:], c.ints("output_padding"))
	size := c.ints("output_shape")
	auto := c.Text("auto_pad", "NOTSET")
	same := auto == "SAME_UPPER" || auto == "SAME_LOWER"
	if len(size) > spatial { // some files give that of the batch and the channels, too
		size = size[len(size)-spatial:]
	}
	for i := range spatial {
		axis, n := 2-spatial+i, c.dims()[2+i]
		var want int
		switch {
		case len(size) == spatial:
			want = size[i]
		case same:
			want = n * w.stride[axis]
		default:
			continue
		}
		total := w.stride[axis]*(n-1) + outputPad[axis] + (w.kernel[axis]-1)*w.dilation[axis] + 1 - want
		if total < 0 {
			outputPad[axis], total = outputPad[axis]-total, 0
		}
		w.before[axis] = total - total/2
		if auto == "SAME_UPPER" {
			w.before[axis] = total / 2
		}
		w.after[axis] = total - w.before[axis]
	}
	y := graph.ConvTranspose2D(image(c.x()), image(c.arg(1)), c.arg(2), w.plain(), outputPad, int(c.Int("group", 1)))
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
