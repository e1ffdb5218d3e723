package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// A slice of the channels of an image in NHWC is a view of it, and so is one of a vector
// that is a sum over a group. Others are copied.
var slice = operator{
	layout: func(l *Layouts, o *ir.Op) {
		op := o.Do.(graph.SliceOp)
		if op.Axis == 1 && l.isImage(o.Args[0]) {
			l.Pixels(o, 0)
			o.Do = ir.View{Start: op.Start}
			l.define(o.Out(), ir.NHWC)
			return
		}
		l.Any(o, 0)
		l.MakeAs(o, 0)
		if len(o.Args[0].Shape) == 1 && isSum(o.Args[0]) {
			o.Do = ir.View{Start: op.Start}
			return
		}
		o.Anywhere = o.Out().Layout == ir.Plain
	},
	lower: func(c *Lowerer, o *ir.Op) {
		op, x := o.Do.(graph.SliceOp), o.Args[0]
		from := c.region(x)
		from.offset += op.Start * from.strides[op.Axis]
		c.copyBox("slice", c.region(o.Out()), from, o.Out().Shape)
	},
}
