package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// depthwise is the plan in NHWC of a convolution with as many groups as
// channels and one output for each: every channel is filtered by itself, so
// the channels are the lanes and no sum runs over them. Like a correlation,
// it also describes the gradient with respect to the input: the rows and
// pixels of the input then fall into phases that see the same taps.
type depthwise struct {
	n        int
	src, out image
	taps     int
	rows     []depthwiseRow // of one output image
	dstStep  int            // elements between the pixels of a span
	srcStep  int
}

// A depthwiseRow is how one output row is computed.
type depthwiseRow struct {
	spans []depthwiseSpan
}

// A depthwiseSpan is a run of output pixels whose windows cover the same taps.
type depthwiseSpan struct {
	out, in int // first element: in the output row, and of the source image
	n       int
	taps    []kernel.Tap
}

const depthwiseGrain = 1 << 17 // multiply-adds in a task, about

// isDepthwise reports whether the plan applies.
func isDepthwise(op graph.Conv2DOp, x, w tensor.Shape) bool {
	return op.Groups > 1 && op.Groups == x[1] && w[0] == x[1]
}

// newDepthwise plans the convolution op of x to y, or, backward, its gradient
// with respect to x from y.
func newDepthwise(op graph.Conv2DOp, x, w, y tensor.Shape, backward bool) *depthwise {
	d := &depthwise{n: x[0], src: nhwcImage(x), out: nhwcImage(y), taps: w[2] * w[3]}
	phases := axisPhases(op, x, w, y, backward)
	d.dstStep, d.srcStep = d.src.c, op.Stride[1]*d.src.c
	if backward {
		d.src, d.out = d.out, d.src
		d.dstStep, d.srcStep = d.srcStep, d.dstStep
	}
	d.rows = make([]depthwiseRow, d.out.h)
	for _, p := range phases[0] {
		for i := range p.count {
			d.rows[p.first+i*p.step].spans = d.planRow(p, i, phases[1], w[3])
		}
	}
	return d
}

// planRow cuts output row number i of a vertical phase into spans.
func (d *depthwise) planRow(vertical axisPhase, i int, horizontal []axisPhase, kw int) []depthwiseSpan {
	var rows []axisTap // kernel rows whose source row exists
	for _, t := range vertical.taps {
		if y := t.at + i*vertical.advance; y >= 0 && y < d.src.h {
			rows = append(rows, axisTap{t.k, y})
		}
	}
	var spans []depthwiseSpan
	for _, p := range horizontal {
		// The taps within the image: from ≤ tap < to, for pixel j.
		inside := func(j int) (from, to int) {
			for from < len(p.taps) && p.taps[from].at+j*p.advance < 0 {
				from++
			}
			to = from
			for to < len(p.taps) && p.taps[to].at+j*p.advance < d.src.w {
				to++
			}
			return from, to
		}
		for j := 0; j < p.count; {
			from, to := inside(j)
			first := j
			for j++; j < p.count; j++ {
				if f, t := inside(j); f != from || t != to {
					break
				}
			}
			s := depthwiseSpan{out: (p.first + first*p.step) * d.out.c, n: j - first}
			for _, r := range rows {
				for _, t := range p.taps[from:to] {
					at := (r.at*d.src.w + t.at + first*p.advance) * d.src.c
					if len(s.taps) == 0 {
						s.in = at
					}
					s.taps = append(s.taps, kernel.Tap{Source: int32(at - s.in), Weight: int32((r.k*kw + t.k) * d.src.c)})
				}
			}
			spans = append(spans, s)
		}
	}
	return spans
}

// split cuts the rows of all images into tasks.
func (d *depthwise) split() (tasks, chunk int) {
	return split(d.n*d.out.h, max(1, depthwiseGrain/(d.out.w*d.out.c*d.taps)), 1)
}

// run computes rows lo ≤ r < hi, counted over all images.
func (d *depthwise) run(lo, hi int, dst, src, w, bias []float32) {
	row := d.out.w * d.out.c
	for r := lo; r < hi; r++ {
		from, to := src[r/d.out.h*d.src.size():], dst[r*row:(r+1)*row]
		spans := d.rows[r%d.out.h].spans
		for i := range spans {
			s := &spans[i]
			kernel.DepthwiseRow(to[s.out:], from[s.in:], w, bias, s.taps, s.n, d.dstStep, d.srcStep, d.src.c)
		}
	}
}

// addDepthwise adds the steps that carry a plan out; bias may be nil.
func (c *compiler) addDepthwise(n *graph.Node, d *depthwise, weights source, src *value, bias *buffer) {
	ch := d.src.c
	packed := c.addPackStep(n, weights, d.taps*ch, 1, 0, func(dst, w, _ []float32, _ int) {
		for j := range ch {
			for t := range d.taps {
				dst[t*ch+j] = w[j*d.taps+t]
			}
		}
	})
	reads := bufs(src.buf, packed)
	if bias == nil {
		bias = &buffer{size: ch, data: make([]float32, ch)}
	}
	reads = append(reads, bias)
	out := c.define(n, nhwc)
	t := c.setTail(out)
	tasks, chunk := d.split()
	from, to, row := src.buf, out.buf, d.out.w*d.out.c
	c.add(step{
		name: "depthwise", algorithm: "depthwise", node: n, tasks: tasks, reads: reads, writes: bufs(to),
		run: func(task int, scratch []float32) {
			lo, hi := chunkRange(task, chunk, d.n*d.out.h)
			d.run(lo, hi, to.data, from.data, packed.data, bias.data)
			t.done(task, lo*row, hi*row, scratch)
		},
	})
}

func (c *compiler) lowerDepthwiseInputGrad(n *graph.Node, op graph.Conv2DInputGradOp) {
	w, dy := n.Inputs()[0], n.Inputs()[1]
	d := newDepthwise(op.Conv, op.InputShape, w.Shape(), dy.Shape(), true)
	c.addDepthwise(n, d, c.weights(w), c.in(dy, nhwc), nil)
}

// lowerDepthwiseWeightGrad sums over the rows of dy in chunks, each with
// partial sums of its own, and then over the chunks.
func (c *compiler) lowerDepthwiseWeightGrad(n *graph.Node, op graph.Conv2DWeightGradOp) {
	x, dy := c.in(n.Inputs()[0], nhwc), c.in(n.Inputs()[1], nhwc)
	d := newDepthwise(op.Conv, x.shape, op.WeightShape, dy.shape, false)
	ch, size, rows := d.src.c, d.taps*d.src.c, d.n*d.out.h
	chunk := max(grain(depthwiseGrain)/(d.out.w*size), (rows+limit.maxChunks-1)/limit.maxChunks, 1)
	tasks := (rows + chunk - 1) / chunk
	partial := c.alloc(tasks * size)
	xb, db, row := x.buf, dy.buf, d.out.w*ch
	c.add(step{
		name: "depthwise weight gradient", algorithm: "depthwise", node: n, tasks: tasks, reads: bufs(xb, db), writes: bufs(partial),
		run: func(task int, _ []float32) {
			lo, hi := chunkRange(task, chunk, rows)
			sum := partial.data[task*size : (task+1)*size]
			clear(sum)
			for r := lo; r < hi; r++ {
				from, grad := xb.data[r/d.out.h*d.src.size():], db.data[r*row:(r+1)*row]
				spans := d.rows[r%d.out.h].spans
				for i := range spans {
					s := &spans[i]
					kernel.DepthwiseGradRow(sum, from[s.in:], grad[s.out:], s.taps, s.n, d.srcStep, ch)
				}
			}
		},
	})
	out := c.define(n, plain).buf
	c.add(step{
		name: "depthwise weight gradient sum", node: n, tasks: 1, reads: bufs(partial), writes: bufs(out),
		run: func(int, []float32) {
			total := partial.data[:size]
			for t := 1; t < tasks; t++ {
				kernel.Add(total, total, partial.data[t*size:(t+1)*size])
			}
			for j := range ch {
				for t := range d.taps {
					out.data[j*d.taps+t] = total[t*ch+j]
				}
			}
		},
	})
}
