package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// CumSum adds up each line in float64.
var cumSum = operator{work: "sums", layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.CumSumOp)
	s := linesOf(o.Args[0], op.Axis)
	x, out, count, step := c.at(o.Args[0]), c.at(o.Out()), s.inner[0], s.innerSteps[0]
	c.addLines("cumulative sum", x, out, s, func(_, start int) {
		at := start
		if op.Reverse {
			at += (count - 1) * step
		}
		sum := 0.0
		for range count {
			before := sum
			sum += float64(x.data()[at])
			out.data()[at] = float32(sum)
			if op.Exclusive {
				out.data()[at] = float32(before)
			}
			if op.Reverse {
				at -= step
			} else {
				at += step
			}
		}
	})
}}
