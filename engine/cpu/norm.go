package cpu

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// matrix is a value seen as rows × channels: N×C, or N×C×H×W in NHWC with a
// row for each pixel.
type matrix struct {
	*value
	rows, channels int
}

// channelRows returns the value of n with its channels innermost.
func (c *compiler) channelRows(n *graph.Node) matrix {
	ch := n.Shape()[1]
	m := matrix{rows: n.Shape().Size() / ch, channels: ch}
	if len(n.Shape()) == 4 {
		m.value = c.pixels(n)
	} else {
		m.value = c.in(n, plain)
	}
	return m
}

// from returns the elements from a row on.
func (m matrix) from(row int) []float32 { return m.buf.data[m.offset+row*m.distance():] }

// rowTasks cuts rows into tasks of at least 4096 elements.
func (m matrix) rowTasks() (tasks, chunk int) { return work.Split(m.rows, max(1, 4096/m.channels), 1) }

// lowerBatchStats joins the statistics of the parts that n's argument was
// concatenated of: those of a dense block's first channels serve all its layers.
func (c *compiler) lowerBatchStats(n *graph.Node) {
	parts := c.channelParts(n.Inputs()[0])
	if len(parts) == 1 {
		if v := c.statistics[parts[0]]; v != nil {
			c.setValue(&value{node: n, shape: n.Shape(), buf: v.buf, ready: v.ready})
			return
		}
		out := c.define(n, plain)
		c.addStatistics(parts[0], out)
		c.completed(out)
		return
	}
	var from []*value
	var reads []*buffer
	for _, p := range parts {
		v := c.statistics[p]
		if v == nil {
			v = &value{node: p, shape: tensor.Shape{2, p.Shape()[1]}, buf: c.alloc(2 * p.Shape()[1])}
			c.addStatistics(p, v)
		}
		from, reads = append(from, v), append(reads, v.buf)
	}
	out := c.define(n, plain).buf
	c.add(step{
		name: "join", node: n, tasks: 1, reads: reads, writes: bufs(out),
		run: func(int, []float32) {
			for row, at := range []int{0, n.Shape()[1]} {
				for _, v := range from {
					k := v.shape[1]
					at += copy(out.data[at:], v.buf.data[row*k:(row+1)*k])
				}
			}
		},
	})
}

// channelParts returns the nodes whose channels x was concatenated of, or x.
func (c *compiler) channelParts(x *graph.Node) []*graph.Node {
	op, ok := x.Op().(graph.ConcatOp)
	if !ok || op.Axis != 1 || len(x.Shape()) != 4 {
		return []*graph.Node{x}
	}
	var parts []*graph.Node
	for _, in := range x.Inputs() {
		if !c.isImage(in) {
			return []*graph.Node{x}
		}
		parts = append(parts, c.channelParts(in)...)
	}
	return parts
}

// addStatistics computes the mean and the variance of each channel of x into
// out, as accurately as a pass for the mean and a second one for the deviations:
// the partial results are the mean of some rows and the sum of squared
// deviations from it, and the total is Σ m2 + Σ rows·(mean − total mean)².
func (c *compiler) addStatistics(x *graph.Node, out *value) {
	m := c.channelRows(x)
	ch, all := m.channels, float64(m.rows)
	p := c.sumRows(out.node, m, 2*ch, nil, func(dst []float32, first, lo, hi int) {
		if lo == first {
			clear(dst)
		}
		kernel.MergeMoments(dst[:ch], dst[ch:], m.from(lo), hi-lo, ch, m.distance(), lo-first)
	})
	c.addTotals(out.node, p, ch, nil, out.buf, func(lo, hi int) {
		for j := lo; j < hi; j++ {
			mean, square := 0.0, 0.0
			for t, rows := range p.rows {
				mean += float64(rows) * float64(p.buf.data[t*2*ch+j])
			}
			mean /= all
			for t, rows := range p.rows {
				d := float64(p.buf.data[t*2*ch+j]) - mean
				square += float64(p.buf.data[t*2*ch+ch+j]) + float64(rows)*d*d
			}
			out.buf.data[j], out.buf.data[ch+j] = float32(mean), float32(square/all)
		}
	})
	out.ready = len(c.steps) - 1
	c.statistics[x] = out
}

func (c *compiler) lowerBatchNorm(n *graph.Node, op graph.BatchNormOp) {
	m := c.channelRows(n.Inputs()[0])
	ch := m.channels
	stats, gamma, beta := c.in(n.Inputs()[1], plain).buf, c.in(n.Inputs()[2], plain).buf, c.in(n.Inputs()[3], plain).buf
	coef := c.alloc(2 * ch) // scale, shift
	c.add(step{
		name: "normalisation", node: n, tasks: 1, reads: bufs(stats, gamma, beta), writes: bufs(coef),
		run: func(int, []float32) {
			for i := range ch {
				scale := float64(gamma.data[i]) * inverseDeviation(stats.data[ch+i], op.Eps)
				coef.data[i] = float32(scale)
				coef.data[ch+i] = float32(float64(beta.data[i]) - float64(stats.data[i])*scale)
			}
		},
	})
	y := c.defineRows(n)
	t := c.setTail(y.value)
	t.clips = gemm.ClipReLU
	c.addRows("normalise", y, t, bufs(m.buf, coef), func(lo, hi int) {
		kernel.ScaleShiftRows(y.from(lo), m.from(lo), coef.data[:ch], coef.data[ch:2*ch], hi-lo, ch, y.distance(), m.distance(), t.clip == gemm.ClipReLU)
	})
}

// defineRows gives n a fresh value with its channels innermost.
func (c *compiler) defineRows(n *graph.Node) matrix {
	ch := n.Shape()[1]
	m := matrix{rows: n.Shape().Size() / ch, channels: ch}
	if len(n.Shape()) == 4 {
		m.value = c.definePixels(n)
	} else {
		m.value = c.define(n, plain)
	}
	return m
}

// addRows adds a step that makes y: it calls f, and then its tail, for a few
// rows at a time.
func (c *compiler) addRows(name string, y matrix, t *tail, reads []*buffer, f func(lo, hi int)) {
	tasks, chunk := y.rowTasks()
	ch, piece := y.channels, t.piece()
	c.add(step{
		name: name, node: y.node, tasks: tasks, reads: reads, writes: bufs(y.buf),
		run: func(task int, scratch []float32) {
			first, end := work.ChunkRange(task, chunk, y.rows)
			for lo := first; lo < end; lo += piece {
				hi := min(lo+piece, end)
				f(lo, hi)
				t.part(task, first*ch, lo*ch, hi*ch, scratch)
			}
		},
	})
}

func inverseDeviation(variance, eps float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(eps))
}

func (c *compiler) lowerBatchNormParamGrad(n *graph.Node, op graph.BatchNormParamGradOp) {
	m, dy := c.channelRows(n.Inputs()[0]), c.channelRows(n.Inputs()[2])
	stats := c.in(n.Inputs()[1], plain)
	ch, mean := m.channels, stats.buf
	p := c.sumRows(n, dy, 2*ch, []*value{m.value, stats}, func(dst []float32, first, lo, hi int) {
		if lo == first {
			clear(dst)
		}
		kernel.BatchNormSums(dst[:ch], dst[ch:], dy.from(lo), m.from(lo), mean.data[:ch], hi-lo, ch, dy.distance(), m.distance())
	})
	inv := c.inverseDeviations(n, n.Inputs()[1], op.Eps)
	out := c.define(n, plain)
	c.addTotals(n, p, ch, bufs(inv), out.buf, func(lo, hi int) {
		p.add(out.buf.data, lo, hi)
		p.add(out.buf.data, ch+lo, ch+hi)
		kernel.Mul(out.buf.data[lo:hi], out.buf.data[lo:hi], inv.data[lo:hi])
	})
	c.completed(out)
}

// completed tells that v is complete after the step added last.
func (c *compiler) completed(v *value) {
	for _, w := range c.values[v.node.ID()] {
		if w != nil && w.buf == v.buf {
			w.ready = len(c.steps) - 1
		}
	}
}

// A deviation is what 1/√(variance+eps) depends on.
type deviation struct {
	stats *graph.Node
	eps   float32
}

// inverseDeviations returns 1/√(variance+eps) of each channel, and adds the
// step that computes it for the first who asks.
func (c *compiler) inverseDeviations(n, stats *graph.Node, eps float32) *buffer {
	key := deviation{stats, eps}
	if inv := c.deviations[key]; inv != nil {
		return inv
	}
	ch, from := stats.Shape()[1], c.in(stats, plain).buf
	inv := c.alloc(ch)
	c.deviations[key] = inv
	c.add(step{
		name: "deviation", node: n, tasks: 1, reads: bufs(from), writes: bufs(inv),
		run: func(int, []float32) {
			for i := range ch {
				inv.data[i] = float32(inverseDeviation(from.data[ch+i], eps))
			}
		},
	})
	return inv
}

func (c *compiler) lowerBatchNormInputGrad(n *graph.Node, op graph.BatchNormInputGradOp) {
	in := n.Inputs()
	m, dy := c.channelRows(in[0]), c.channelRows(in[4])
	ch := m.channels
	stats, gamma, grads := c.in(in[1], plain).buf, c.in(in[2], plain).buf, c.in(in[3], plain).buf
	inv := c.inverseDeviations(n, in[1], op.BatchNorm.Eps)
	coef := c.alloc(3 * ch) // scale, a, b
	c.add(step{
		name: "normalisation", node: n, tasks: 1, reads: bufs(gamma, grads, inv), writes: bufs(coef),
		run: func(int, []float32) {
			for i := range ch {
				coef.data[i] = gamma.data[i] * inv.data[i]
				coef.data[ch+i], coef.data[2*ch+i] = 0, 0
				if op.BatchNorm.Train {
					coef.data[ch+i] = grads.data[ch+i] / float32(m.rows)
					coef.data[2*ch+i] = grads.data[i] / float32(m.rows)
				}
			}
		},
	})
	y := c.defineRows(n)
	t := c.setTail(y.value)
	c.addRows("normalise gradient", y, t, bufs(m.buf, dy.buf, stats, inv, coef), func(lo, hi int) {
		kernel.BatchNormGradRows(y.from(lo), dy.from(lo), m.from(lo), stats.data[:ch], inv.data[:ch],
			coef.data[:ch], coef.data[ch:2*ch], coef.data[2*ch:3*ch], hi-lo, ch, y.distance(), dy.distance(), m.distance())
	})
	if y.layout != embedded && dy.layout == y.layout {
		c.steps[y.ready].overwrites = dy.buf
	}
}
