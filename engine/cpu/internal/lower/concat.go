package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// A concatenation of images along the channels becomes an ir.Join, and one of vectors for
// a sum over a group an ir.Bucket: their parts are computed in their memory. The parts of
// other concatenations are copied.
var concat = operator{
	layout: func(l *Layouts, o *ir.Op) {
		layout := ir.Plain
		for _, v := range o.Args {
			if l.onlyImage(v) {
				layout = ir.NHWC
			}
		}
		for i := range o.Args {
			switch {
			case layout == ir.Plain:
				l.Plain(o, i)
			case joinsChannels(o):
				l.Pixels(o, i)
			default:
				l.Dense(o, i)
			}
		}
		switch {
		case layout == ir.NHWC && joinsChannels(o):
			o.Do = ir.Join{}
		case l.joinsForSum(o):
			o.Do = ir.Bucket{}
		}
		l.define(o.Out(), layout)
	},
	lower: func(c *Lowerer, o *ir.Op) {
		axis, to := o.Do.(graph.ConcatOp).Axis, c.region(o.Out())
		for _, v := range o.Args {
			c.copyBox("concat", to, c.region(v), v.Shape)
			to.offset += v.Shape[axis] * to.strides[axis]
		}
	},
}

// joinsChannels reports whether an operation concatenates images of several
// pixels along the channels.
func joinsChannels(o *ir.Op) bool {
	s := o.Out().Shape
	return o.Do.(graph.ConcatOp).Axis == 1 && len(s) == 4 && s[2]*s[3] > 1
}
