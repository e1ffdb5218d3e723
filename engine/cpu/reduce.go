package cpu

import (
	"math"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func (c *compiler) lowerReduce(n *graph.Node, op graph.ReduceOp) {
	x := n.Inputs()[0]
	s := x.Shape()
	additive := op.Func != graph.KindMax
	switch {
	case additive && len(op.Axes) == len(s):
		c.lowerTotal(n, op)
	case additive && (len(s) == 2 && op.Axes[0] == 0 || len(s) == 4 && slices.Equal(op.Axes, []int{0, 2, 3})):
		c.lowerColumnSums(n, op)
	case additive && len(s) == 4 && slices.Equal(op.Axes, []int{2, 3}):
		c.lowerImageSums(n, op)
	default:
		c.lowerStridedReduce(n, op)
	}
}

// meanScale is what a sum over the reduced axes is multiplied by.
func meanScale(n *graph.Node, op graph.ReduceOp) float32 {
	if op.Func == graph.KindMean {
		return float32(n.Shape().Size()) / float32(n.Inputs()[0].Shape().Size())
	}
	return 1
}

// lowerTotal sums all elements: chunks side by side, then their sums.
func (c *compiler) lowerTotal(n *graph.Node, op graph.ReduceOp) {
	x := c.some(n.Inputs()[0]).buf
	size := n.Inputs()[0].Shape().Size()
	tasks, chunk := work.Split(size, 1<<14, 1)
	partial := c.alloc(tasks)
	c.add(step{
		name: "sum", node: n, tasks: tasks, reads: bufs(x), writes: bufs(partial),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, size)
			partial.data[task] = kernel.Sum(x.data[lo:hi])
		},
	})
	out, count := c.define(n, plain).buf, float64(size)
	if op.Func == graph.KindSum {
		count = 1
	}
	c.add(step{
		name: "total", node: n, tasks: 1, reads: bufs(partial), writes: bufs(out),
		run: func(int, []float32) {
			var sum float64
			for _, v := range partial.data[:tasks] {
				sum += float64(v)
			}
			out.data[0] = float32(sum / count)
		},
	})
}

// lowerColumnSums sums over everything but the channels.
func (c *compiler) lowerColumnSums(n *graph.Node, op graph.ReduceOp) {
	m := c.channelRows(n.Inputs()[0])
	ch := m.channels
	p := c.sumRows(n, m, ch, nil, func(dst []float32, first, lo, hi int) {
		if lo == first {
			clear(dst)
		}
		kernel.AddRows(dst, m.from(lo), hi-lo, ch, m.distance())
	})
	out, scale := c.define(n, plain), meanScale(n, op)
	c.addTotals(n, p, ch, nil, out.buf, func(lo, hi int) {
		p.add(out.buf.data, lo, hi)
		if scale != 1 {
			kernel.MulS(out.buf.data[lo:hi], out.buf.data[lo:hi], scale)
		}
	})
	c.completed(out)
}

// lowerImageSums sums over the pixels of each image.
func (c *compiler) lowerImageSums(n *graph.Node, op graph.ReduceOp) {
	v := c.in(n.Inputs()[0], nhwc)
	x, out := v.buf, c.define(n, plain).buf
	images, ch, pixels := v.shape[0], v.shape[1], v.shape[2]*v.shape[3]
	scale := meanScale(n, op)
	tasks, chunk := work.Split(images, max(1, (1<<13)/(ch*pixels)), 1)
	c.add(step{
		name: "image sums", node: n, tasks: tasks, reads: bufs(x), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, images)
			for i := lo; i < hi; i++ {
				dst := out.data[i*ch : (i+1)*ch]
				clear(dst)
				kernel.AddRows(dst, x.data[i*ch*pixels:(i+1)*ch*pixels], pixels, ch, ch)
				if scale != 1 {
					kernel.MulS(dst, dst, scale)
				}
			}
		},
	})
}

// stridedLines describes the lines of a value along some axes: one line for each
// element of the result.
type stridedLines struct {
	outer, inner             tensor.Shape // kept and reduced axes
	outerStrides, innerSteps []int
}

func newStrided(v *value, axes []int) stridedLines {
	var s stridedLines
	steps := v.strides()
	for i, n := range v.shape {
		if slices.Contains(axes, i) {
			s.inner, s.innerSteps = append(s.inner, n), append(s.innerSteps, steps[i])
		} else {
			s.outer, s.outerStrides = append(s.outer, n), append(s.outerStrides, steps[i])
		}
	}
	return s
}

// at returns where the row-major element i of a box begins.
func at(i int, shape tensor.Shape, steps []int) int {
	offset := 0
	for a := len(shape) - 1; a >= 0; a-- {
		offset += i % shape[a] * steps[a]
		i /= shape[a]
	}
	return offset
}

// addLines adds a step that calls f for each line: result element, and where
// the line begins.
func (c *compiler) addLines(name string, n *graph.Node, x *value, s stridedLines, out *buffer, f func(element, start int)) {
	lines := s.outer.Size()
	tasks, chunk := work.Split(lines, max(1, (1<<12)/s.inner.Size()), 1)
	c.add(step{
		name: name, node: n, tasks: tasks, reads: bufs(x.buf), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, lines)
			for i := lo; i < hi; i++ {
				f(i, at(i, s.outer, s.outerStrides))
			}
		},
	})
}

func (c *compiler) lowerStridedReduce(n *graph.Node, op graph.ReduceOp) {
	v := c.some(n.Inputs()[0])
	s := newStrided(v, op.Axes)
	x, out, count := v.buf, c.define(n, plain).buf, s.inner.Size()
	c.addLines("reduce", n, v, s, out, func(element, start int) {
		if op.Func == graph.KindMax {
			best := float32(math.Inf(-1))
			for j := range count {
				if e := x.data[start+at(j, s.inner, s.innerSteps)]; e > best || e != e {
					best = e
				}
				if best != best {
					break
				}
			}
			out.data[element] = best
			return
		}
		sum := 0.0
		for j := range count {
			sum += float64(x.data[start+at(j, s.inner, s.innerSteps)])
		}
		if op.Func == graph.KindMean {
			sum /= float64(count)
		}
		out.data[element] = float32(sum)
	})
}

func (c *compiler) lowerArgMax(n *graph.Node, op graph.ArgMaxOp) {
	v := c.some(n.Inputs()[0])
	s := newStrided(v, []int{op.Axis})
	x, out, count, step := v.buf, c.define(n, plain).buf, s.inner[0], s.innerSteps[0]
	c.addLines("argmax", n, v, s, out, func(element, start int) {
		best := 0
		for j := range count {
			e, b := x.data[start+j*step], x.data[start+best*step]
			if e > b || e != e && b == b {
				best = j
			}
		}
		out.data[element] = float32(best)
	})
}

func (c *compiler) lowerSoftmax(n *graph.Node, op graph.SoftmaxOp) {
	x, shape := n.Inputs()[0], n.Shape()
	rows := kernel.SoftmaxRows
	if op.Log {
		rows = kernel.LogSoftmaxRows
	}
	size := shape[op.Axis]
	var l layout
	switch {
	case op.Axis == len(shape)-1:
		l = plain
	case len(shape) == 4 && op.Axis == 1:
		l = nhwc
	default:
		c.lowerStridedSoftmax(n, op, rows)
		return
	}
	v, out := c.in(x, l), c.define(n, l)
	total := shape.Size() / size
	tasks, chunk := work.Split(total, max(1, 4096/size), 1)
	xb, ob := v.buf, out.buf
	c.add(step{
		name: "softmax", node: n, tasks: tasks, reads: bufs(xb), writes: bufs(ob),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, total)
			rows(ob.data[lo*size:hi*size], xb.data[lo*size:hi*size], hi-lo, size)
		},
	})
}

// lowerStridedSoftmax gathers each line into scratch memory.
func (c *compiler) lowerStridedSoftmax(n *graph.Node, op graph.SoftmaxOp, rows func(dst, x []float32, rows, n int)) {
	v := c.in(n.Inputs()[0], plain)
	s := newStrided(v, []int{op.Axis})
	x, out, size, distance := v.buf, c.define(n, plain).buf, s.inner[0], s.innerSteps[0]
	lines := s.outer.Size()
	tasks, chunk := work.Split(lines, max(1, 4096/size), 1)
	c.add(step{
		name: "softmax", node: n, tasks: tasks, scratch: size, reads: bufs(x), writes: bufs(out),
		run: func(task int, scratch []float32) {
			lo, hi := work.ChunkRange(task, chunk, lines)
			line := scratch[:size]
			for i := lo; i < hi; i++ {
				start := at(i, s.outer, s.outerStrides)
				strided.CopyRun(line, x.data[start:], size, 1, distance)
				rows(line, line, 1, size)
				strided.CopyRun(out.data[start:], line, size, distance, 1)
			}
		},
	})
}

func (c *compiler) lowerCrossEntropy(n *graph.Node) {
	logits, labels := c.in(n.Inputs()[0], plain), c.in(n.Inputs()[1], plain).buf
	x, out := logits.buf, c.define(n, plain).buf
	rows, classes := logits.shape[0], logits.shape[1]
	tasks, chunk := work.Split(rows, max(1, 2048/classes), 1)
	c.add(step{
		name: "cross-entropy", node: n, tasks: tasks, reads: bufs(x, labels), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, rows)
			kernel.CrossEntropyRows(out.data[lo:hi], x.data[lo*classes:hi*classes], labels.data[lo:hi], hi-lo, classes)
		},
	})
}

func (c *compiler) lowerCrossEntropyGrad(n *graph.Node) {
	in := n.Inputs()
	logits, labels, dy := c.in(in[0], plain), c.in(in[1], plain).buf, c.in(in[2], plain).buf
	x, out := logits.buf, c.define(n, plain).buf
	rows, classes := logits.shape[0], logits.shape[1]
	tasks, chunk := work.Split(rows, max(1, 2048/classes), 1)
	c.add(step{
		name: "cross-entropy gradient", node: n, tasks: tasks, reads: bufs(x, labels, dy), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, rows)
			kernel.CrossEntropyGradRows(out.data[lo*classes:hi*classes], x.data[lo*classes:hi*classes],
				labels.data[lo:hi], dy.data[lo:hi], hi-lo, classes)
		},
	})
}
