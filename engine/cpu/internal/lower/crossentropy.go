package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
)

var (
	crossEntropy = operator{work: "loss", layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) {
		n, classes := o.Args[0].Shape[0], o.Args[0].Shape[1]
		x, labels, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
		c.addSplit(exec.Step{Name: "cross-entropy", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf}},
			n, max(1, 2048/classes), 1, func(lo, hi int) {
				vec.CrossEntropyRows(out.data()[lo:hi], x.data()[lo*classes:hi*classes], labels.data()[lo:hi], hi-lo, classes)
			})
	}}
	crossEntropyGrad = operator{work: "loss", layout: (*Layouts).AllPlain, lower: func(c *Lowerer, o *ir.Op) {
		n, classes := o.Args[0].Shape[0], o.Args[0].Shape[1]
		x, labels, dy, out := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Args[2]), c.at(o.Out())
		c.addSplit(exec.Step{Name: "cross-entropy gradient", Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{out.buf}},
			n, max(1, 2048/classes), 1, func(lo, hi int) {
				vec.CrossEntropyGradRows(out.data()[lo*classes:hi*classes], x.data()[lo*classes:hi*classes],
					labels.data()[lo:hi], dy.data()[lo:hi], hi-lo, classes)
			})
	}}
)
