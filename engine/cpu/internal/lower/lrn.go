package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

var lrn = operator{work: "normalisation", layout: layoutLRN, lower: func(c *Lowerer, o *ir.Op) {
	n := neighbours{o.Do.(graph.LRNOp), o.Out().Shape[1]}
	x, y := c.at(o.Args[0]), c.at(o.Out())
	c.addChannels("lrn", o, n.channels, func(lo, hi int, scratch []float32) {
		x, y := x.data()[lo:hi], y.data()[lo:hi]
		s, t := scratch[:hi-lo], scratch[hi-lo:2*(hi-lo)]
		n.sums(s, t, x)
		n.power(s, s)
		vec.Mul(y, x, s)
	})
}}

var lrnGrad = operator{work: "normalisation", layout: layoutLRN, lower: func(c *Lowerer, o *ir.Op) {
	n := neighbours{o.Do.(graph.LRNGradOp).LRN, o.Out().Shape[1]}
	x, dy, dx := c.at(o.Args[0]), c.at(o.Args[1]), c.at(o.Out())
	factor := 2 * n.Alpha * n.Beta / float32(n.Size)
	c.addChannels("lrn", o, n.channels, func(lo, hi int, scratch []float32) {
		x, dy, dx := x.data()[lo:hi], dy.data()[lo:hi], dx.data()[lo:hi]
		size := hi - lo
		s, p, t := scratch[:size], scratch[size:2*size], scratch[2*size:3*size]
		n.sums(s, t, x)
		n.power(p, s)
		vec.Mul(p, p, dy) // dy/s^beta
		vec.Mul(t, p, x)
		vec.Div(t, t, s)             // dy·x/s^(beta+1)
		n.window(s, t, (n.Size-1)/2) // of the channels in whose sums x is
		vec.MulS(s, s, factor)
		vec.Mul(s, s, x)
		vec.Sub(dx, p, s)
	})
}}

// layoutLRN is the layout rule: images in NHWC, so that channels are contiguous.
func layoutLRN(l *Layouts, o *ir.Op) {
	if !o.Out().Image() {
		l.AllPlain(o)
		return
	}
	for i := range o.Args {
		l.Dense(o, i)
	}
	l.MakeDense(o)
}

// addChannels adds a step over the elements of the operation's result: run computes
// whole rows of channels, with scratch memory for three floats for each element.
func (c *Lowerer) addChannels(name string, o *ir.Op, channels int, run func(lo, hi int, scratch []float32)) {
	size := o.Out().Shape.Size()
	block := max(1, blockFloats/channels) * channels
	tasks, chunk := work.Split(size, max(block, 1<<14), channels)
	c.add(exec.Step{
		Name: name, Tasks: tasks, Scratch: 3 * block,
		Reads: c.bufsOf(o.Args...), Writes: c.bufsOf(o.Out()),
		Run: func(task int, scratch []float32) {
			lo, hi := work.ChunkRange(task, chunk, size)
			for ; lo < hi; lo += block {
				run(lo, min(lo+block, hi), scratch)
			}
		},
	})
}

// neighbours computes local response normalization of rows of channels.
type neighbours struct {
	graph.LRNOp
	channels int
}

// sums makes s the sums of graph.LRNOp for the rows x; t is scratch memory.
func (n neighbours) sums(s, t, x []float32) {
	vec.Mul(t, x, x)
	n.window(s, t, n.Size/2)
	vec.MulS(s, s, n.Alpha/float32(n.Size))
	vec.AddS(s, s, n.K)
}

// power computes dst = s^−Beta.
func (n neighbours) power(dst, s []float32) {
	vec.Log(dst, s)
	vec.MulS(dst, dst, -n.Beta)
	vec.Exp(dst, dst)
}

// window makes each element of dst the sum of Size elements of t in its row: of
// before elements before it, itself, and those after it. Elements outside of the
// row count as 0.
func (n neighbours) window(dst, t []float32, before int) {
	copy(dst, t)
	for lo := 0; lo < len(t); lo += n.channels {
		to, from := dst[lo:lo+n.channels], t[lo:lo+n.channels]
		for d := -before; d < n.Size-before; d++ {
			switch {
			case d < 0 && -d < len(to):
				vec.Add(to[-d:], to[-d:], from[:len(from)+d])
			case d > 0 && d < len(to):
				vec.Add(to[:len(to)-d], to[:len(to)-d], from[d:])
			}
		}
	}
}
