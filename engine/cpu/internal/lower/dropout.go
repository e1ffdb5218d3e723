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
	c.addSplit(exec.Step{Name: "dropout", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf}},
		o.Out().Shape.Size(), 1<<14, 1, func(lo, hi int) {
			number := graph.StepNumber(step.data()[0], step.data()[1])
			vec.Dropout(out.data()[lo:hi], x.data()[lo:hi], op.P, op.Key, number, uint32(lo))
		})
}}
