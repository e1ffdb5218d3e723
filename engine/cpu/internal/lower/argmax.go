package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// ArgMax returns the index of the maximum along an axis: of the first one if there are
// several, of the first NaN if there is any.
var argMax = operator{
	work: "loss",
	layout: func(l *Layouts, o *ir.Op) {
		l.Any(o, 0)
		l.MakePlain(o)
	},
	lower: func(c *Lowerer, o *ir.Op) {
		s := linesOf(o.Args[0], o.Do.(graph.ArgMaxOp).Axis)
		x, out, count, step := c.at(o.Args[0]), c.at(o.Out()), s.inner[0], s.innerSteps[0]
		c.addLines("argmax", x, out, s, func(element, start int) {
			best := 0
			for j := range count {
				e, b := x.data()[start+j*step], x.data()[start+best*step]
				if e > b || e != e && b == b {
					best = j
				}
			}
			out.data()[element] = float32(best)
		})
	},
}
