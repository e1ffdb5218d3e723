package lower

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// The transposes between N×C×H×W and N×H×W×C are views: the channels of an image in NHWC
// are the last axis in row-major order.
var transpose = operator{
	layout: func(l *Layouts, o *ir.Op) {
		perm := o.Do.(graph.TransposeOp).Perm
		switch {
		case slices.Equal(perm, []int{0, 2, 3, 1}) && l.isImage(o.Args[0]):
			l.Dense(o, 0)
			l.MakePlain(o)
			o.Do = ir.View{Transposed: true}
		case slices.Equal(perm, []int{0, 3, 1, 2}) && !l.onlyImage(o.Args[0]):
			l.Plain(o, 0)
			l.MakeDense(o)
			o.Do = ir.View{Transposed: true}
		default:
			l.Any(o, 0)
			l.MakePlain(o)
		}
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
