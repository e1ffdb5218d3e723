package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// interleave takes the channels of several images in turn.
var interleave = operator{
	layout: func(l *Layouts, o *ir.Op) {
		for i := range o.Args {
			l.Pixels(o, i)
		}
		l.MakePixels(o)
	},
	lower: lowerInterleave,
}

func lowerInterleave(c *Lowerer, o *ir.Op) {
	out := c.rows(o.Out())
	args := make([]rows, len(o.Args))
	for i, v := range o.Args {
		args[i] = c.rows(v)
	}
	c.addSplit(exec.Step{Name: "interleave", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf}},
		out.n, max(1, work.Grain(1<<13)/out.channels), 1, func(lo, hi int) {
			for r := lo; r < hi; r++ {
				dst := out.from(r)[:out.channels]
				if len(args) == 2 {
					interleaveTwo(dst, args[0].from(r), args[1].from(r))
					continue
				}
				for i := range args {
					for j, v := range args[i].from(r)[:args[i].channels] {
						dst[j*len(args)+i] = v
					}
				}
			}
		})
}

// interleaveTwo fills dst with elements of a and b in turn.
func interleaveTwo(dst, a, b []float32) {
	n := len(dst) / 2
	i := 0
	for ; i+4 <= n; i += 4 {
		d, x, y := (*[8]float32)(dst[2*i:]), (*[4]float32)(a[i:]), (*[4]float32)(b[i:])
		d[0], d[1], d[2], d[3] = x[0], y[0], x[1], y[1]
		d[4], d[5], d[6], d[7] = x[2], y[2], x[3], y[3]
	}
	for ; i < n; i++ {
		dst[2*i], dst[2*i+1] = a[i], b[i]
	}
}
