package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/pool"
	"github.com/strideml/stride/graph"
)

// addPool adds the step that computes out by a plan, a task at a time.
func (c *compiler) addPool(name string, p *pool.Plan, out *value, scratch int, reads, writes []*buffer, run func(task int, scratch []float32) (lo, hi int)) {
	t := c.setTail(out)
	c.add(step{
		name: name, node: out.node, tasks: p.Tasks(), scratch: scratch, reads: reads, writes: writes,
		run: func(task int, scratch []float32) {
			lo, hi := run(task, scratch)
			t.done(task, lo, hi, scratch)
		},
	})
}

func (c *compiler) lowerAvgPool(n *graph.Node, plan func(pitch, out int) *pool.Plan) {
	x, out := c.pixels(n.Inputs()[0]), c.definePixels(n)
	p := plan(x.distance(), out.distance())
	c.addPool("pool", p, out, p.RowScratch(), bufs(x.buf), bufs(out.buf), func(task int, scratch []float32) (lo, hi int) {
		return p.Average(task, out.data(), x.data(), scratch)
	})
}

func (c *compiler) lowerMaxPool(n *graph.Node, op graph.MaxPool2DOp) {
	x, out := c.pixels(n.Inputs()[0]), c.definePixels(n)
	p := pool.New(op.Pool, nil, x.shape, out.shape, x.distance(), out.distance())
	argmax := c.argmaxOf(n, op, p)
	if argmax == nil {
		c.addPool("pool", p, out, p.RowScratch(), bufs(x.buf), bufs(out.buf), func(task int, scratch []float32) (lo, hi int) {
			return p.Max(task, out.data(), x.data(), scratch)
		})
		return
	}
	c.addPool("pool", p, out, p.RowScratch(), bufs(x.buf), bufs(out.buf, argmax), func(task int, scratch []float32) (lo, hi int) {
		return p.MaxArgmax(task, out.data(), bytesOf(argmax.data), x.data(), scratch)
	})
}

// argmaxOf returns a new buffer for the argmax of the maximum pooling n, if its
// gradient is computed too: that need not look for the maxima again. Otherwise
// it returns nil.
func (c *compiler) argmaxOf(n *graph.Node, op graph.MaxPool2DOp, p *pool.Plan) *buffer {
	if !pool.ArgmaxFits(op.Pool) {
		return nil
	}
	for _, u := range c.consumers[n.Inputs()[0].ID()] {
		if g, ok := u.Op().(graph.MaxPool2DGradOp); ok && g.Pool == op.Pool {
			if c.argmax[u] == nil {
				c.argmax[u] = c.alloc(p.ArgmaxBytes()/4 + 1)
			}
			return c.argmax[u]
		}
	}
	return nil
}

func (c *compiler) lowerAvgPoolGrad(n *graph.Node, plan func(pitch, out int) *pool.Plan) {
	dy := c.pixels(n.Inputs()[0])
	p := plan(n.Shape()[1], dy.distance())
	out := c.define(n, nhwc)
	c.addPool("pool gradient", p, out, p.RowScratch(), bufs(dy.buf), bufs(out.buf), func(task int, scratch []float32) (lo, hi int) {
		return p.AverageGrad(task, out.buf.data, dy.data(), scratch)
	})
}

// lowerMaxPoolGrad lowers the gradient of maximum pooling, which uses the argmax
// if the pooling stored it, or else looks for the maxima again.
func (c *compiler) lowerMaxPoolGrad(n *graph.Node, op graph.MaxPool2DGradOp) {
	argmax := c.argmax[n]
	if argmax == nil {
		x, dy := c.in(n.Inputs()[0], nhwc), c.pixels(n.Inputs()[1])
		p := pool.New(op.Pool, nil, x.shape, dy.shape, x.distance(), dy.distance())
		out := c.define(n, nhwc)
		c.addPool("pool gradient", p, out, 2*p.RowScratch(), bufs(x.buf, dy.buf), bufs(out.buf), func(task int, scratch []float32) (lo, hi int) {
			return p.MaxGrad(task, out.buf.data, x.buf.data, dy.data(), scratch)
		})
		return
	}
	dy := c.pixels(n.Inputs()[1])
	p := pool.New(op.Pool, nil, n.Shape(), dy.shape, n.Shape()[1], dy.distance())
	out := c.define(n, nhwc)
	c.addPool("pool gradient", p, out, p.RowScratch(), bufs(dy.buf, argmax), bufs(out.buf), func(task int, scratch []float32) (lo, hi int) {
		return p.ArgmaxGrad(task, out.buf.data, bytesOf(argmax.data), dy.data(), scratch)
	})
}
