package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

var dropout = operator{layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.DropoutOp)
	x, step, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	shape, part := o.Out().Shape, o.Args[1].Shape[0] > 2
	c.addSplit(exec.Step{Name: "dropout", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf}},
		shape.Size(), 1<<14, 1, func(lo, hi int) {
			number := graph.StepNumber(step.data()[0], step.data()[1])
			start := uint32(lo)
			if part {
				start += graph.DropoutStart(shape, uint32(step.data()[2]))
			}
			vec.Dropout(out.data()[lo:hi], x.data()[lo:hi], op.P, op.Key, number, start)
		})
}}
