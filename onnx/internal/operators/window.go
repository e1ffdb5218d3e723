package operators

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// A window is how a kernel moves over an image, from the attributes of a convolution or a
// pooling. Those of one dimension move over images of height 1.
type window struct {
	kernel, stride, dilation [2]int
	before, after            [2]int // padding
	ceil                     bool
}

// window reads the attributes for argument 0 and a kernel of the given sizes.
func (c *Call) window(kernel []int) window {
	spatial := c.rank() - 2
	if spatial != 1 && spatial != 2 {
		c.unsupported("dimensions", spatial, "only 1 and 2 are")
	}
	if given := c.ints("kernel_shape"); given != nil && !slices.Equal(given, kernel) {
		c.fail("kernel_shape is %v, but the weight's is %v", given, kernel)
	}
	if len(kernel) != spatial {
		c.fail("kernel_shape is %v for an input %v", kernel, c.dims())
	}
	w := window{kernel: [2]int{1, 1}, stride: [2]int{1, 1}, dilation: [2]int{1, 1}, ceil: c.flag("ceil_mode")}
	fill := func(name string, to *[2]int, values []int) {
		if values == nil {
			return
		}
		if len(values) != spatial || slices.Min(values) < 1 {
			c.fail("%s is %v, want %d numbers of at least 1", name, values, spatial)
		}
		copy(to[2-spatial:], values)
	}
	fill("kernel_shape", &w.kernel, kernel)
	fill("strides", &w.stride, c.ints("strides"))
	fill("dilations", &w.dilation, c.ints("dilations"))
	c.padding(&w, spatial)
	return w
}

// padding reads pads and auto_pad.
func (c *Call) padding(w *window, spatial int) {
	pads := c.ints("pads")
	if pads != nil && len(pads) != 2*spatial {
		c.fail("pads is %v, want %d numbers", pads, 2*spatial)
	}
	size := c.dims()[2:]
	for i := range spatial {
		axis := 2 - spatial + i
		var all int
		switch auto := c.Text("auto_pad", "NOTSET"); auto {
		case "NOTSET", "":
			if pads == nil {
				continue
			}
			w.before[axis], w.after[axis] = pads[i], pads[spatial+i]
			if min(pads[i], pads[spatial+i]) < 0 {
				c.unsupported("pads", pads, "negative")
			}
			if max(pads[i], pads[spatial+i]) > 1<<20 {
				c.unsupported("pads", pads, "more than a million")
			}
		case "VALID":
		case "SAME_UPPER", "SAME_LOWER":
			s, n := w.stride[axis], size[i]
			all = max(0, ((n+s-1)/s-1)*s+w.dilation[axis]*(w.kernel[axis]-1)+1-n)
			w.before[axis] = all / 2
			if auto == "SAME_LOWER" {
				w.before[axis] = all - all/2
			}
			w.after[axis] = all - w.before[axis]
		default:
			c.unsupported("auto_pad", auto, "")
		}
	}
}

// outputs returns the number of windows along an axis of n elements. With ceil, a last
// window may hang over the edge if it starts in the image or in the padding before it.
func (w window) outputs(axis, n int) int {
	padded := n + w.before[axis]
	span := padded + w.after[axis] - w.dilation[axis]*(w.kernel[axis]-1) - 1
	if span < 0 {
		return 0
	}
	o := span/w.stride[axis] + 1
	if w.ceil {
		o = (span+w.stride[axis]-1)/w.stride[axis] + 1
		if (o-1)*w.stride[axis] >= padded {
			o--
		}
	}
	return o
}

// image makes an image N×C×1×L of N×C×L.
func image(x *graph.Node) *graph.Node {
	s := x.Shape()
	if len(s) == 3 {
		return graph.Reshape(x, s[0], s[1], 1, s[2])
	}
	return x
}

// unimage undoes image for the result of an operator whose argument had the given rank.
func unimage(y *graph.Node, rank int) *graph.Node {
	s := y.Shape()
	if rank == 3 {
		return graph.Reshape(y, s[0], s[1], s[3])
	}
	return y
}

// padImage pads the image x with value so that the windows need no other padding and fit
// exactly; the window that it returns has none.
func (w window) padImage(x *graph.Node, value float32) (*graph.Node, window) {
	before, after := make([]int, 4), make([]int, 4)
	some := false
	for axis := range 2 {
		n := x.Shape()[2+axis]
		needed := (w.outputs(axis, n)-1)*w.stride[axis] + w.dilation[axis]*(w.kernel[axis]-1) + 1
		before[2+axis] = w.before[axis]
		after[2+axis] = max(needed-n-w.before[axis], 0)
		some = some || before[2+axis]+after[2+axis] > 0
	}
	w.before, w.after, w.ceil = [2]int{}, [2]int{}, false
	if !some {
		return x, w
	}
	return graph.Pad(x, before, after, value), w
}

// plain returns the window for graph.
func (w window) plain() graph.Window {
	return graph.Window{
		Stride: w.stride, Pad: w.before, Dilation: w.dilation,
		ExtraPad: [2]int{w.after[0] - w.before[0], w.after[1] - w.before[1]},
	}
}
