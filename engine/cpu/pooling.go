package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A poolSpan is a run of output pixels of one row whose windows cover the
// same taps: all of them in the interior, fewer at the borders.
type poolSpan struct {
	out   int     // first output element, within an image
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

func poolingOf(x, y tensor.Shape) *pooling {
	pl := &pooling{src: nhwcImage(x), out: nhwcImage(y), n: x[0]}
	pl.images = max(1, min(grain(1<<15)/pl.src.size(), (pl.n+15)/16))
	return pl
}

// newAdaptivePooling plans an average over regions of different sizes: each
// output pixel is a span of its own.
func newAdaptivePooling(op graph.AdaptiveAvgPool2DOp, x, y tensor.Shape) *pooling {
	pl := poolingOf(x, y)
	for i := range y[2] {
		top, bottom := op.Region(0, i, x[2])
		for j := range y[3] {
			left, right := op.Region(1, j, x[3])
			s := poolSpan{
				out: (i*y[3] + j) * pl.src.c, in: (top*x[3] + left) * pl.src.c, n: 1,
				scale: 1 / float32((bottom-top)*(right-left)),
			}
			for row := range bottom - top {
				for col := range right - left {
					s.taps = append(s.taps, int32((row*x[3]+col)*pl.src.c))
				}
			}
			pl.spans = append(pl.spans, s)
		}
	}
	return pl
}

func newPooling(p graph.Pool, avg *graph.AvgPool2DOp, x, y tensor.Shape) *pooling {
	pl := poolingOf(x, y)
	pl.stride = p.Stride[1] * pl.src.c
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
			s := poolSpan{out: (i*y[3] + from) * pl.src.c, n: j - from, scale: c.scale}
			at := func(ky, kx int) int {
				return ((y0+ky*p.Dilation[0])*x[3] + from*p.Stride[1] - p.Pad[1] + kx*p.Dilation[1]) * pl.src.c
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
	size := out.shape.Size() / pl.n
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

// lowerPool lowers maximum or average pooling.
func (c *compiler) lowerPool(n *graph.Node, pl *pooling, average bool) {
	x := c.in(n.Inputs()[0], nhwc)
	out := c.define(n, nhwc)
	src, dst, in, size, ch := x.buf, out.buf, pl.src.size(), pl.out.size(), pl.src.c
	pl.forImages(c, "pool", out, 0, bufs(src), func(image int, _ []float32) {
		from, to := src.data[image*in:], dst.data[image*size:(image+1)*size]
		for i := range pl.spans {
			s := &pl.spans[i]
			if average {
				kernel.PoolSumRow(to[s.out:], from[s.in:], s.taps, s.n, pl.stride, ch, s.scale)
			} else {
				kernel.PoolMaxRow(to[s.out:], from[s.in:], s.taps, s.n, pl.stride, ch)
			}
		}
	})
}

func (c *compiler) lowerAvgPoolGrad(n *graph.Node, pl *pooling) {
	dy := c.in(n.Inputs()[0], nhwc)
	out := c.define(n, nhwc)
	src, dst, in, size, ch := dy.buf, out.buf, pl.src.size(), pl.out.size(), pl.src.c
	pl.forImages(c, "pool gradient", out, 0, bufs(src), func(image int, _ []float32) {
		from, to := src.data[image*size:(image+1)*size], dst.data[image*in:(image+1)*in]
		if !pl.exact {
			clear(to)
		}
		for i := range pl.spans {
			s := &pl.spans[i]
			if pl.exact {
				kernel.PoolSpreadRowSet(to[s.in:], from[s.out:], s.taps, s.n, pl.stride, ch, s.scale)
			} else {
				kernel.PoolSpreadRow(to[s.in:], from[s.out:], s.taps, s.n, pl.stride, ch, s.scale)
			}
		}
	})
}

func (c *compiler) lowerMaxPoolGrad(n *graph.Node, op graph.MaxPool2DGrad) {
	x, dy := c.in(n.Inputs()[0], nhwc), c.in(n.Inputs()[1], nhwc)
	pl := newPooling(op.Pool, nil, x.shape, dy.shape)
	out := c.define(n, nhwc)
	in, size, ch := pl.src.size(), pl.out.size(), pl.src.c
	xb, db, ob := x.buf, dy.buf, out.buf
	scratch := roundUp(pl.out.w*ch+slackFloats, alignFloats)
	pl.forImages(c, "pool gradient", out, scratch, bufs(xb, db), func(image int, scratch []float32) {
		from, to := xb.data[image*in:], ob.data[image*in:(image+1)*in]
		grad := db.data[image*size : (image+1)*size]
		if !pl.exact {
			clear(to)
		}
		for i := range pl.spans {
			s := &pl.spans[i]
			if len(s.taps) == 0 {
				continue
			}
			y := scratch[:s.n*ch]
			kernel.PoolMaxRow(y, from[s.in:], s.taps, s.n, pl.stride, ch)
			if pl.exact {
				kernel.PoolMaxGradRowSet(to[s.in:], from[s.in:], y, grad[s.out:], s.taps, s.n, pl.stride, ch)
			} else {
				kernel.PoolMaxGradRow(to[s.in:], from[s.in:], y, grad[s.out:], s.taps, s.n, pl.stride, ch)
			}
		}
	})
}
