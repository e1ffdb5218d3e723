package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/graph"
)

// Pad fills the result with the value, then copies its argument into it.
var pad = operator{
	layout: func(l *Layouts, o *ir.Op) {
		l.Any(o, 0)
		l.MakeAs(o, 0)
	},
	lower: func(c *Lowerer, o *ir.Op) {
		op, v := o.Do.(graph.PadOp), o.Args[0]
		out := c.at(o.Out())
		c.addSplit(exec.Step{Name: "fill", Writes: []*exec.Buffer{out.buf}}, o.Out().Shape.Size(), 1<<15, 1, func(lo, hi int) {
			vec.Fill(out.data()[lo:hi], op.Value)
		})
		to := c.region(o.Out())
		for i, k := range op.Before {
			to.offset += k * to.strides[i]
		}
		c.copyBox("pad", to, c.region(v), v.Shape)
	},
}
