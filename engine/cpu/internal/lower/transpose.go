package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

var transpose = operator{
	layout: func(l *Layouts, o *ir.Op) {
		l.Any(o, 0)
		l.MakePlain(o)
	},
	lower: func(c *Lowerer, o *ir.Op) {
		from := c.region(o.Args[0])
		strides := make([]int, len(from.strides))
		for i, p := range o.Do.(graph.TransposeOp).Perm {
			strides[i] = from.strides[p]
		}
		from.strides = strides
		c.copyBox("transpose", c.region(o.Out()), from, o.Out().Shape)
	},
}
