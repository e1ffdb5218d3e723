package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Layer normalization: a row is normalised while it is in the cache.
var (
	layerNorm          = operator{work: "normalisation", layout: (*Layouts).AllPlain, ability: ranges, lower: lowerLayerNorm}
	layerNormInputGrad = operator{work: "normalisation", layout: (*Layouts).AllPlain, ability: ranges, lower: lowerLayerNormInputGrad}
	layerNormParamGrad = operator{work: "normalisation", layout: (*Layouts).AllPlain, lower: lowerLayerNormParamGrad}
)

// layerRows returns a value as the rows that are normalised.
func (c *Lowerer) layerRows(op graph.LayerNormOp, v *ir.Value) rows {
	size := v.Shape[len(v.Shape)-op.Axes:].Size()
	return rows{c.at(v), v.Shape.Size() / size, size, size}
}

func lowerLayerNorm(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.LayerNormOp)
	x, gamma, beta, y := c.layerRows(op, o.Args[0]), c.at(o.Args[1]), c.at(o.Args[2]), c.layerRows(op, o.Out())
	s := exec.Step{Name: "layer norm", Reads: c.bufsOf(o.Args...), Overwrites: x.buf}
	c.addRows(o, s, y, func(_ *epilogue, lo, hi int) {
		vec.LayerNormRows(y.from(lo), x.from(lo), gamma.data(), beta.data(), hi-lo, y.channels, op.Eps)
	})
}

func lowerLayerNormInputGrad(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.LayerNormInputGradOp).LayerNorm
	x, gamma, dy, dx := c.layerRows(op, o.Args[0]), c.at(o.Args[1]), c.layerRows(op, o.Args[2]), c.layerRows(op, o.Out())
	s := exec.Step{Name: "layer norm gradient", Reads: c.bufsOf(o.Args...), Overwrites: dy.buf}
	c.addRows(o, s, dx, func(_ *epilogue, lo, hi int) {
		vec.LayerNormGradRows(dx.from(lo), dy.from(lo), x.from(lo), gamma.data(), hi-lo, dx.channels, op.Eps)
	})
}

// lowerLayerNormParamGrad adds up the rows of each task, and then these sums.
func lowerLayerNormParamGrad(c *Lowerer, o *ir.Op) {
	op := o.Do.(graph.LayerNormParamGradOp).LayerNorm
	x, dy, out := c.layerRows(op, o.Args[0]), c.layerRows(op, o.Args[1]), c.at(o.Out())
	n := x.channels
	tasks, chunk := x.split()
	p := &partials{size: 2 * n}
	p.allocate(c, tasks)
	c.noteOrder("layer norm sums", tasks, x.n)
	c.add(exec.Step{
		Name: "layer norm sums", Tasks: tasks, Scratch: vec.LayerNormScratch(n), Reads: c.bufsOf(o.Args...), Writes: []*exec.Buffer{p.buf},
		Run: func(task int, scratch []float32) {
			lo, hi := work.ChunkRange(task, chunk, x.n)
			sums := p.of(task)
			clear(sums)
			vec.LayerNormSums(sums[:n], sums[n:], dy.from(lo), x.from(lo), hi-lo, n, op.Eps, scratch)
		},
	})
	s := exec.Step{Name: "layer norm totals", Reads: []*exec.Buffer{p.buf}, Writes: []*exec.Buffer{out.buf}}
	c.addSplit(s, p.size, max(totalColumns, (1<<14)/tasks), 1, func(lo, hi int) { p.add(out.data(), lo, hi) })
}
