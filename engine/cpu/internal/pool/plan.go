package pool

import (
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A span is a run of output pixels of one row whose windows cover the
// same taps: all of them in the interior, fewer at the borders.
type span struct {
	out   int     // first output pixel, within an image
	in    int     // first tap of the first window, within an image
	n     int     // output pixels
	taps  []int32 // distances from the first tap
	scale float32 // averages only: 1/divisor
}

// A Plan is the plan of a pooling layer in NHWC.
type Plan struct {
	src, out strided.Image
	n        int
	images   int // images in a task
	spans    []span
	stride   int  // elements between the windows of neighbouring pixels
	exact    bool // every input pixel lies in exactly one window
}

// newPlan starts a plan for images x, whose pixels are srcPitch floats apart, and
// y, whose pixels are outPitch floats apart.
func newPlan(x, y tensor.Shape, srcPitch, outPitch int) *Plan {
	p := &Plan{src: strided.ImageOf(x), out: strided.ImageOf(y), n: x[0]}
	p.src.Pitch, p.out.Pitch = srcPitch, outPitch
	p.images = max(1, min(work.Grain(1<<15)/p.src.Size(), (p.n+15)/16))
	return p
}

// NewAdaptive plans op, an average over regions of different sizes, of x to y.
// Each output pixel is a span of its own. Pixels of x are srcPitch floats apart and
// those of y outPitch.
func NewAdaptive(op graph.AdaptiveAvgPool2DOp, x, y tensor.Shape, srcPitch, outPitch int) *Plan {
	p := newPlan(x, y, srcPitch, outPitch)
	for i := range y[2] {
		top, bottom := op.Region(0, i, x[2])
		for j := range y[3] {
			left, right := op.Region(1, j, x[3])
			s := span{
				out: i*y[3] + j, in: (top*x[3] + left) * srcPitch, n: 1,
				scale: 1 / float32((bottom-top)*(right-left)),
			}
			for row := range bottom - top {
				for col := range right - left {
					s.taps = append(s.taps, int32((row*x[3]+col)*srcPitch))
				}
			}
			p.spans = append(p.spans, s)
		}
	}
	return p
}

// New plans the pooling o of x to y. For average pooling avg gives the divisors;
// it is nil for maximum pooling. Pixels of x are srcPitch floats apart and those of
// y outPitch.
func New(o graph.Pool, avg *graph.AvgPool2DOp, x, y tensor.Shape, srcPitch, outPitch int) *Plan {
	p := newPlan(x, y, srcPitch, outPitch)
	p.stride = o.Stride[1] * srcPitch
	p.exact = o.Kernel == o.Stride && o.Pad == [2]int{} && o.Dilation == [2]int{1, 1} &&
		y[2]*o.Stride[0] == x[2] && y[3]*o.Stride[1] == x[3]
	type columns struct {
		lo, hi int // kernel columns within the image
		scale  float32
	}
	column := func(i, j int) columns {
		lo, hi := tapRange(j*o.Stride[1]-o.Pad[1], o.Dilation[1], o.Kernel[1], x[3])
		c := columns{lo: lo, hi: hi}
		if avg != nil {
			c.scale = 1 / float32(avg.Divisor(i, j, x[2], x[3]))
		}
		return c
	}
	for i := range y[2] {
		y0 := i*o.Stride[0] - o.Pad[0]
		top, bottom := tapRange(y0, o.Dilation[0], o.Kernel[0], x[2])
		for j := 0; j < y[3]; {
			c, from := column(i, j), j
			for j++; j < y[3] && column(i, j) == c; j++ {
			}
			s := span{out: i*y[3] + from, n: j - from, scale: c.scale}
			at := func(ky, kx int) int {
				return ((y0+ky*o.Dilation[0])*x[3] + from*o.Stride[1] - o.Pad[1] + kx*o.Dilation[1]) * srcPitch
			}
			if top < bottom && c.lo < c.hi {
				s.in = at(top, c.lo)
			}
			for ky := top; ky < bottom; ky++ {
				for kx := c.lo; kx < c.hi; kx++ {
					s.taps = append(s.taps, int32(at(ky, kx)-s.in))
				}
			}
			p.spans = append(p.spans, s)
		}
	}
	return p
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
