package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/strided"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

var softmax = operator{work: "loss", layout: layoutSoftmax, lower: lowerSoftmax}

// layoutSoftmax takes the layout in which the axis is the innermost one, if there
// is such a layout.
func layoutSoftmax(l *Layouts, o *ir.Op) {
	if o.Do.(graph.SoftmaxOp).Axis == 1 && o.Out().Image() {
		l.Dense(o, 0)
		l.MakeDense(o)
		return
	}
	l.AllPlain(o)
}

func lowerSoftmax(c *Lowerer, o *ir.Op) {
	op, shape := o.Do.(graph.SoftmaxOp), o.Out().Shape
	softmaxRows := vec.SoftmaxRows
	if op.Log {
		softmaxRows = vec.LogSoftmaxRows
	}
	x, out, size := c.at(o.Args[0]), c.at(o.Out()), shape[op.Axis]
	s := exec.Step{Name: "softmax", Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{out.buf}}
	if op.Axis == len(shape)-1 || o.Out().Layout == ir.NHWC {
		c.addSplit(s, shape.Size()/size, max(1, 4096/size), 1, func(lo, hi int) {
			softmaxRows(out.data()[lo*size:hi*size], x.data()[lo*size:hi*size], hi-lo, size)
		})
		return
	}
	// Each line is gathered into scratch memory.
	l := linesOf(o.Args[0], op.Axis)
	distance, n := l.innerSteps[0], l.outer.Size()
	tasks, chunk := work.Split(n, max(1, 4096/size), 1)
	s.Tasks, s.Scratch = tasks, size
	s.Run = func(task int, scratch []float32) {
		lo, hi := work.ChunkRange(task, chunk, n)
		line := scratch[:size]
		for i := lo; i < hi; i++ {
			start := position(i, l.outer, l.outerStrides)
			strided.CopyRun(line, x.data()[start:], size, 1, distance)
			softmaxRows(line, line, 1, size)
			strided.CopyRun(out.data()[start:], line, size, distance, 1)
		}
	}
	c.add(s)
}
