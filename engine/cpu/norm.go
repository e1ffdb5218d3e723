package cpu

import (
	"math"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// matrix is a value seen as rows × channels: N×C, or N×C×H×W in NHWC with a
// row for each pixel.
type matrix struct {
	*value
	rows, channels int
}

// channelRows returns the value of n with its channels innermost.
func (c *compiler) channelRows(n *graph.Node) matrix {
	l := channelsLast(n)
	ch := n.Shape()[1]
	return matrix{c.in(n, l), n.Shape().Size() / ch, ch}
}

func channelsLast(n *graph.Node) layout {
	if len(n.Shape()) == 4 {
		return nhwc
	}
	return plain
}

// rowTasks cuts rows into tasks of at least 4096 elements.
func (m matrix) rowTasks() (tasks, chunk int) { return split(m.rows, max(1, 4096/m.channels), 1) }

// addColumnSums adds the steps that sum something over the rows of m: sum
// adds rows lo ≤ r < hi to count×channels partial sums, and total combines
// them into out, a buffer of the same size.
func (c *compiler) addColumnSums(n *graph.Node, m matrix, count int, reads []*buffer, out *buffer,
	sum func(dst []float32, lo, hi int), finish func(dst []float32)) {
	tasks, chunk := m.rowTasks()
	size := count * m.channels
	partial := c.alloc(tasks * size)
	c.add(step{
		name: "column sums", node: n, tasks: tasks, reads: reads, writes: bufs(partial),
		run: func(task int, _ []float32) {
			lo, hi := chunkRange(task, chunk, m.rows)
			dst := partial.data[task*size : (task+1)*size]
			clear(dst)
			sum(dst, lo, hi)
		},
	})
	c.add(step{
		name: "column totals", node: n, tasks: 1, reads: bufs(partial), writes: bufs(out),
		run: func(int, []float32) {
			dst := out.data[:size]
			copy(dst, partial.data)
			for t := 1; t < tasks; t++ {
				kernel.Add(dst, dst, partial.data[t*size:(t+1)*size])
			}
			if finish != nil {
				finish(dst)
			}
		},
	})
}

func (c *compiler) lowerBatchStats(n *graph.Node) {
	m := c.channelRows(n.Inputs()[0])
	ch, x := m.channels, m.buf
	mean, variance := c.alloc(ch), c.alloc(ch)
	average := func(dst []float32) { kernel.DivS(dst, dst, float32(m.rows)) }
	c.addColumnSums(n, m, 1, bufs(x), mean, func(dst []float32, lo, hi int) {
		kernel.AddRows(dst, x.data[lo*ch:hi*ch], hi-lo, ch, ch)
	}, average)
	c.addColumnSums(n, m, 1, bufs(x, mean), variance, func(dst []float32, lo, hi int) {
		kernel.AddSquaredDev(dst, x.data[lo*ch:hi*ch], mean.data[:ch], hi-lo, ch)
	}, average)
	out := c.define(n, plain).buf
	c.add(step{
		name: "join", node: n, tasks: 1, reads: bufs(mean, variance), writes: bufs(out),
		run: func(int, []float32) {
			copy(out.data[:ch], mean.data)
			copy(out.data[ch:2*ch], variance.data[:ch])
		},
	})
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
	out := c.define(n, channelsLast(n))
	t := c.setTail(out)
	tasks, chunk := m.rowTasks()
	x, y := m.buf, out.buf
	c.add(step{
		name: "normalise", node: n, tasks: tasks, reads: bufs(x, coef), writes: bufs(y),
		run: func(task int, scratch []float32) {
			lo, hi := chunkRange(task, chunk, m.rows)
			kernel.ScaleShiftRows(y.data[lo*ch:hi*ch], x.data[lo*ch:hi*ch], coef.data[:ch], coef.data[ch:2*ch], hi-lo, ch, false)
			if t.run != nil {
				t.run(lo*ch, hi*ch, scratch)
			}
		},
	})
}

func inverseDeviation(variance, eps float32) float64 {
	return 1 / math.Sqrt(float64(variance)+float64(eps))
}

func (c *compiler) lowerBatchNormParamGrad(n *graph.Node, op graph.BatchNormParamGrad) {
	m, dy := c.channelRows(n.Inputs()[0]), c.channelRows(n.Inputs()[2])
	ch, x, d := m.channels, m.buf, dy.buf
	stats := c.in(n.Inputs()[1], plain).buf
	inv := c.inverseDeviations(n, stats, ch, op.Eps)
	out := c.define(n, plain)
	c.addColumnSums(n, m, 2, bufs(x, d, stats, inv), out.buf, func(dst []float32, lo, hi int) {
		kernel.BatchNormSums(dst[:ch], dst[ch:], d.data[lo*ch:hi*ch], x.data[lo*ch:hi*ch], stats.data[:ch], inv.data[:ch], hi-lo, ch)
	}, nil)
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

// inverseDeviations adds the step that computes 1/√(variance+eps).
func (c *compiler) inverseDeviations(n *graph.Node, stats *buffer, ch int, eps float32) *buffer {
	inv := c.alloc(ch)
	c.add(step{
		name: "deviation", node: n, tasks: 1, reads: bufs(stats), writes: bufs(inv),
		run: func(int, []float32) {
			for i := range ch {
				inv.data[i] = float32(inverseDeviation(stats.data[ch+i], eps))
			}
		},
	})
	return inv
}

func (c *compiler) lowerBatchNormInputGrad(n *graph.Node, op graph.BatchNormInputGrad) {
	in := n.Inputs()
	m, dy := c.channelRows(in[0]), c.channelRows(in[4])
	ch, x, d := m.channels, m.buf, dy.buf
	stats, gamma, grads := c.in(in[1], plain).buf, c.in(in[2], plain).buf, c.in(in[3], plain).buf
	inv := c.inverseDeviations(n, stats, ch, op.BatchNorm.Eps)
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
	out := c.define(n, channelsLast(n))
	t := c.setTail(out)
	tasks, chunk := m.rowTasks()
	y := out.buf
	c.add(step{
		name: "normalise gradient", node: n, tasks: tasks, reads: bufs(x, d, stats, inv, coef), writes: bufs(y),
		run: func(task int, scratch []float32) {
			lo, hi := chunkRange(task, chunk, m.rows)
			kernel.BatchNormGradRows(y.data[lo*ch:hi*ch], d.data[lo*ch:hi*ch], x.data[lo*ch:hi*ch],
				stats.data[:ch], inv.data[:ch], coef.data[:ch], coef.data[ch:2*ch], coef.data[2*ch:3*ch], hi-lo, ch)
			if t.run != nil {
				t.run(lo*ch, hi*ch, scratch)
			}
		},
	})
}
