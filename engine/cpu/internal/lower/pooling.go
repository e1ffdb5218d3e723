package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
)

// All kinds of pooling share these rules; see maxpool.go, avgpool.go and
// adaptivepool.go.

// layoutPool is the layout rule of all kinds of pooling, but not of their gradients.
func layoutPool(l *Layouts, o *ir.Op) {
	l.Pixels(o, 0)
	l.MakePixels(o)
}

// layoutPoolGrad is the layout rule of the gradients of average pooling.
func layoutPoolGrad(l *Layouts, o *ir.Op) {
	l.Pixels(o, 0)
	l.MakeDense(o)
}

// addPool adds a step of pooling with the epilogue of the operation: run computes a
// task and returns the range lo ≤ i < hi of the result that it has completed.
func (c *Lowerer) addPool(o *ir.Op, s exec.Step, run func(task int, scratch []float32) (lo, hi int)) {
	s.Writes = append([]*exec.Buffer{c.at(o.Out()).buf}, s.Writes...)
	e := c.epilogue(o, &s, nil)
	s.Run = func(task int, scratch []float32) {
		lo, hi := run(task, scratch)
		e.done(task, lo, hi, scratch)
	}
	c.add(s)
}
