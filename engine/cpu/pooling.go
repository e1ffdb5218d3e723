package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A poolSpan is a run of output pixels of one row whose windows cover the
// same taps: all of them in the interior, fewer at the borders.
type poolSpan struct {
	out   int     // first output pixel, within an image
	in    int     // first tap of the first window, within an image
	n     int     // output pixels
	taps  []int32 // distances from the first tap
	scale float32 // averages only: 1/divisor
}

// pooling is the plan of a pooling layer in NHWC.
type pooling struct {
	src, out image
	n        int
	images   int // images in a task
	spans    []poolSpan
	stride   int  // elements between the windows of neighbouring pixels
	exact    bool // every input pixel lies in exactly one window
}

// poolingOf starts a plan for images x, whose pixels are pitch floats apart.
func poolingOf(x, y tensor.Shape, pitch int) *pooling {
	pl := &pooling{src: nhwcImage(x), out: nhwcImage(y), n: x[0]}
	pl.src.pitch = pitch
	pl.images = max(1, min(grain(1<<15)/pl.src.size(), (pl.n+15)/16))
	return pl
}

// newAdaptivePooling plans an average over regions of different sizes: each
// output pixel is a span of its own.
func newAdaptivePooling(op graph.AdaptiveAvgPool2DOp, x, y tensor.Shape, pitch int) *pooling {
	pl := poolingOf(x, y, pitch)
	for i := range y[2] {
		top, bottom := op.Region(0, i, x[2])
		for j := range y[3] {
			left, right := op.Region(1, j, x[3])
			s := poolSpan{
				out: i*y[3] + j, in: (top*x[3] + left) * pitch, n: 1,
				scale: 1 / float32((bottom-top)*(right-left)),
			}
			for row := range bottom - top {
				for col := range right - left {
					s.taps = append(s.taps, int32((row*x[3]+col)*pitch))
				}
			}
			pl.spans = append(pl.spans, s)
		}
	}
	return pl
}

func newPooling(p graph.Pool, avg *graph.AvgPool2DOp, x, y tensor.Shape, pitch int) *pooling {
	pl := poolingOf(x, y, pitch)
	pl.stride = p.Stride[1] * pitch
	pl.exact = p.Kernel == p.Stride && p.Pad == [2]int{} && p.Dilation == [2]int{1, 1} &&
		y[2]*p.Stride[0] == x[2] && y[3]*p.Stride[1] == x[3]
	type columns struct {
		lo, hi int // kernel columns within the image
		scale  float32
	}
	column := func(i, j int) columns {
		lo, hi := tapRange(j*p.Stride[1]-p.Pad[1], p.Dilation[1], p.Kernel[1], x[3])
		c := columns{lo: lo, hi: hi}
		if avg != nil {
			c.scale = 1 / float32(avg.Divisor(i, j, x[2], x[3]))
		}
		return c
	}
	for i := range y[2] {
		y0 := i*p.Stride[0] - p.Pad[0]
		top, bottom := tapRange(y0, p.Dilation[0], p.Kernel[0], x[2])
		for j := 0; j < y[3]; {
			c, from := column(i, j), j
			for j++; j < y[3] && column(i, j) == c; j++ {
			}
			s := poolSpan{out: i*y[3] + from, n: j - from, scale: c.scale}
			at := func(ky, kx int) int {
				return ((y0+ky*p.Dilation[0])*x[3] + from*p.Stride[1] - p.Pad[1] + kx*p.Dilation[1]) * pitch
			}
			if top < bottom && c.lo < c.hi {
				s.in = at(top, c.lo)
			}
			for ky := top; ky < bottom; ky++ {
				for kx := c.lo; kx < c.hi; kx++ {
					s.taps = append(s.taps, int32(at(ky, kx)-s.in))
				}
			}
			pl.spans = append(pl.spans, s)
		}
	}
	return pl
}

// tapRange returns the kernel positions lo ≤ k < hi with 0 ≤ at+k·d < n.
func tapRange(at, d, kernel, n int) (lo, hi int) {
	for lo < kernel && at+lo*d < 0 {
		lo++
	}
	hi = lo
	for hi < kernel && at+hi*d < n {
		hi++
	}
	return lo, hi
}

// forImages adds a step that calls f for each image.
func (pl *pooling) forImages(c *compiler, name string, out *value, scratch int, reads []*buffer, f func(image int, scratch []float32)) {
	t := c.setTail(out)
	size := out.shape.Size() / out.shape[0]
	c.add(step{
		name: name, node: out.node, tasks: (pl.n + pl.images - 1) / pl.images, scratch: scratch,
		reads: reads, writes: bufs(out.buf),
		run: func(task int, scratch []float32) {
			lo, hi := chunkRange(task, pl.images, pl.n)
			for i := lo; i < hi; i++ {
				f(i, scratch)
			}
			t.done(task, lo*size, hi*size, scratch)
		},
	})
}

// rowScratch is the memory for a row of output pixels.
func (pl *pooling) rowScratch() int { return roundUp(pl.out.w*pl.out.c+slackFloats, alignFloats) }

// lowerPool lowers maximum or average pooling, as plan says for images with
// pixels in a distance.
func (c *compiler) lowerPool(n *graph.Node, average bool, plan func(pitch int) *pooling) {
	x, out := c.pixels(n.Inputs()[0]), c.definePixels(n)
	pl := plan(x.distance())
	pl.out.pitch = out.distance()
	in, size, ch := pl.src.size(), pl.out.size(), pl.src.c
	var places *buffer
	if !average {
		places = c.addPlaces(n, pl)
	}
	pl.forImages(c, "pool", out, pl.rowScratch(), bufs(x.buf), func(image int, scratch []float32) {
		from, to := x.data()[image*in:], out.data()[image*size:]
		for i := range pl.spans {
			s := &pl.spans[i]
			row := to[s.out*pl.out.pitch:]
			if pl.out.pitch != ch {
				row = scratch[:s.n*ch]
			}
			switch {
			case average:
				kernel.SumPoolRow(row, from[s.in:], s.taps, s.n, pl.stride, ch, s.scale)
			case places != nil:
				kernel.MaxPoolArgmaxRow(row, pl.places(places, image, s), from[s.in:], s.taps, s.n, pl.stride, ch)
			default:
				kernel.MaxPoolRow(row, from[s.in:], s.taps, s.n, pl.stride, ch)
			}
			if pl.out.pitch != ch {
				scatterRows(to[s.out*pl.out.pitch:], row, 0, ch, pl.out.pitch)
			}
		}
	})
	if places != nil {
		s := &c.steps[out.ready]
		s.writes = append(s.writes, places)
	}
}

// addPlaces returns a new buffer for the number of the tap that each maximum
// comes from, a byte each, if the gradient of the maximum pooling n is computed
// too: that need not look for the maxima again. Otherwise it returns nil.
func (c *compiler) addPlaces(n *graph.Node, pl *pooling) *buffer {
	pool := n.Op().(graph.MaxPool2DOp).Pool
	if !kernel.MaxPoolArgmaxFast() || pool.Kernel[0]*pool.Kernel[1] > kernel.MaxPoolArgmaxTaps {
		return nil
	}
	for _, u := range c.consumers[n.Inputs()[0].ID()] {
		if op, ok := u.Op().(graph.MaxPool2DGradOp); ok && op.Pool == pool {
			if c.places[u] == nil {
				c.places[u] = c.alloc(pl.n*pl.out.elements()/4 + 1)
			}
			return c.places[u]
		}
	}
	return nil
}

// places returns the bytes for a span of an image.
func (pl *pooling) places(b *buffer, image int, s *poolSpan) []byte {
	return bytesOf(b.data)[image*pl.out.elements()+s.out*pl.out.c:]
}

// gradientRow returns the gradients of the output pixels of a span, gathered
// into scratch if they are apart.
func (pl *pooling) gradientRow(s *poolSpan, dy, scratch []float32) []float32 {
	dy = dy[s.out*pl.out.pitch:]
	if pl.out.pitch == pl.out.c {
		return dy
	}
	gatherRows(scratch[:s.n*pl.out.c], dy, 0, pl.out.c, pl.out.pitch)
	return scratch
}

func (c *compiler) lowerAvgPoolGrad(n *graph.Node, pl *pooling) {
	dy := c.pixels(n.Inputs()[0])
	pl.out.pitch = dy.distance()
	out := c.define(n, nhwc)
	dst, in, size, ch := out.buf, pl.src.size(), pl.out.size(), pl.src.c
	pl.forImages(c, "pool gradient", out, pl.rowScratch(), bufs(dy.buf), func(image int, scratch []float32) {
		from, to := dy.data()[image*size:], dst.data[image*in:(image+1)*in]
		if !pl.exact {
			clear(to)
		}
		for i := range pl.spans {
			s := &pl.spans[i]
			grad := pl.gradientRow(s, from, scratch)
			if pl.exact {
				kernel.SumPoolGradRowSet(to[s.in:], grad, s.taps, s.n, pl.stride, ch, s.scale)
			} else {
				kernel.SumPoolGradRow(to[s.in:], grad, s.taps, s.n, pl.stride, ch, s.scale)
			}
		}
	})
}

// lowerMaxPoolGrad lowers the gradient of maximum pooling, which goes to the
// places that the pooling took note of, or else looks for the maxima again.
func (c *compiler) lowerMaxPoolGrad(n *graph.Node, op graph.MaxPool2DGradOp) {
	if places := c.places[n]; places != nil {
		c.lowerPlaceGrad(n, op, places)
		return
	}
	x, dy := c.in(n.Inputs()[0], nhwc), c.pixels(n.Inputs()[1])
	pl := newPooling(op.Pool, nil, x.shape, dy.shape, x.distance())
	pl.out.pitch = dy.distance()
	out := c.define(n, nhwc)
	in, size, ch := pl.src.size(), pl.out.size(), pl.src.c
	xb, ob := x.buf, out.buf
	pl.forImages(c, "pool gradient", out, 2*pl.rowScratch(), bufs(xb, dy.buf), func(image int, scratch []float32) {
		from, to := xb.data[image*in:], ob.data[image*in:(image+1)*in]
		dys := dy.data()[image*size:]
		if !pl.exact {
			clear(to)
		}
		for i := range pl.spans {
			s := &pl.spans[i]
			if len(s.taps) == 0 {
				continue
			}
			y, grad := scratch[:s.n*ch], pl.gradientRow(s, dys, scratch[pl.rowScratch():])
			kernel.MaxPoolRow(y, from[s.in:], s.taps, s.n, pl.stride, ch)
			if pl.exact {
				kernel.MaxPoolGradRowSet(to[s.in:], from[s.in:], y, grad, s.taps, s.n, pl.stride, ch)
			} else {
				kernel.MaxPoolGradRow(to[s.in:], from[s.in:], y, grad, s.taps, s.n, pl.stride, ch)
			}
		}
	})
}

func (c *compiler) lowerPlaceGrad(n *graph.Node, op graph.MaxPool2DGradOp, places *buffer) {
	dy := c.pixels(n.Inputs()[1])
	pl := newPooling(op.Pool, nil, n.Shape(), dy.shape, n.Shape()[1])
	pl.out.pitch = dy.distance()
	out := c.define(n, nhwc)
	in, size, ch := pl.src.size(), pl.out.size(), pl.src.c
	pl.forImages(c, "pool gradient", out, pl.rowScratch(), bufs(dy.buf, places), func(image int, scratch []float32) {
		to, dys := out.buf.data[image*in:(image+1)*in], dy.data()[image*size:]
		if !pl.exact {
			clear(to)
		}
		for i := range pl.spans {
			s := &pl.spans[i]
			grad, at := pl.gradientRow(s, dys, scratch), pl.places(places, image, s)
			if pl.exact {
				kernel.MaxPoolArgmaxGradRowSet(to[s.in:], at, grad, s.taps, s.n, pl.stride, ch)
			} else {
				kernel.MaxPoolArgmaxGradRow(to[s.in:], at, grad, s.taps, s.n, pl.stride, ch)
			}
		}
	})
}
