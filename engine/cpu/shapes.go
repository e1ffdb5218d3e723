package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// lowerReshape costs nothing beyond the row-major layout.
func (c *compiler) lowerReshape(n *graph.Node) {
	v := c.in(n.Inputs()[0], plain)
	c.setValue(&value{node: n, shape: n.Shape(), layout: plain, buf: v.buf, ready: v.ready})
}

func (c *compiler) lowerTranspose(n *graph.Node, op graph.TransposeOp) {
	v := c.some(n.Inputs()[0])
	from := v.region()
	strides := make([]int, len(op.Perm))
	for i, p := range op.Perm {
		strides[i] = from.strides[p]
	}
	out := c.define(n, plain)
	c.copyBox("transpose", n, out.region(), region{v.buf, 0, strides}, n.Shape())
}

// transposed returns a rank-2 value with its axes exchanged.
func (c *compiler) transposed(v *value) *value {
	shape := tensor.Shape{v.shape[1], v.shape[0]}
	out := &value{node: v.node, shape: shape, buf: c.alloc(shape.Size()), ready: len(c.steps)}
	steps := v.strides()
	c.copyBox("transpose", v.node, out.region(), region{v.buf, 0, []int{steps[1], steps[0]}}, shape)
	return out
}

func (c *compiler) lowerBroadcast(n *graph.Node) {
	v := c.broadcastValue(n.Inputs()[0], n.Shape(), plain)
	v.node = n
	c.setValue(v)
}

// broadcastValue writes the value of n out in a larger shape.
func (c *compiler) broadcastValue(n *graph.Node, shape tensor.Shape, l layout) *value {
	v := c.in(n, plain)
	from := v.strides()
	lead := len(shape) - len(v.shape)
	strides := make([]int, len(shape))
	for i := range v.shape {
		if v.shape[i] != 1 {
			strides[lead+i] = from[i]
		}
	}
	out := &value{node: n, shape: shape, layout: l, buf: c.alloc(shape.Size()), ready: len(c.steps)}
	c.copyBox("broadcast", n, out.region(), region{v.buf, 0, strides}, shape)
	return out
}

// imageLayout is NHWC if any of the nodes is an image that exists in it.
func (c *compiler) imageLayout(nodes ...*graph.Node) layout {
	for _, n := range nodes {
		if c.isImage(n) && c.values[n.ID()][plain] == nil {
			return nhwc
		}
	}
	return plain
}

func (c *compiler) lowerConcat(n *graph.Node, op graph.ConcatOp) {
	l := c.imageLayout(n.Inputs()...)
	if l == nhwc && c.slots[n] != nil {
		c.joinChannels(n)
		return
	}
	parts := make([]*value, len(n.Inputs()))
	for i, in := range n.Inputs() {
		parts[i] = c.in(in, l)
	}
	out := c.define(n, l)
	to := out.region()
	for _, v := range parts {
		c.copyBox("concat", n, to, v.region(), v.shape)
		to.offset += v.shape[op.Axis] * to.strides[op.Axis]
	}
	c.completed(out)
}

func (c *compiler) lowerSlice(n *graph.Node, op graph.SliceOp) {
	x := n.Inputs()[0]
	if c.isImage(x) && op.Axis == 1 {
		c.maskGradient(x)
		c.sliceChannels(n, c.pixels(x), op.Start)
		return
	}
	v := c.some(x)
	from := v.region()
	from.offset = op.Start * from.strides[op.Axis]
	out := c.define(n, v.layout)
	c.copyBox("slice", n, out.region(), from, n.Shape())
}

func (c *compiler) lowerPad(n *graph.Node, op graph.PadOp) {
	v := c.some(n.Inputs()[0])
	out := c.define(n, v.layout)
	b := out.buf
	tasks, chunk := work.Split(b.size, 1<<15, 1)
	c.add(step{
		name: "fill", node: n, tasks: tasks, writes: bufs(b),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, len(b.data))
			kernel.Fill(b.data[lo:hi], op.Value)
		},
	})
	to := out.region()
	for i, k := range op.Before {
		to.offset += k * to.strides[i]
	}
	c.copyBox("pad", n, to, v.region(), v.shape)
	c.completed(out)
}

func (c *compiler) lowerDropout(n *graph.Node, op graph.DropoutOp) {
	x, stepNo := c.in(n.Inputs()[0], plain).buf, c.in(n.Inputs()[1], plain).buf
	out := c.define(n, plain).buf
	size := n.Shape().Size()
	tasks, chunk := work.Split(size, 1<<14, 1)
	c.add(step{
		name: "dropout", node: n, tasks: tasks, reads: bufs(x, stepNo), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, size)
			number := graph.StepNumber(stepNo.data[0], stepNo.data[1])
			kernel.Dropout(out.data[lo:hi], x.data[lo:hi], op.P, op.Key, number, uint32(lo))
		},
	})
}
