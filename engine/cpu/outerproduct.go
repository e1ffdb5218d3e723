package cpu

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// An outerProduct is a sum of outer products and its operands.
type outerProduct struct {
	*gemm.Outer
	a, b *buffer
}

// lowerTransposedProduct computes aᵀ·b into node n.
func (c *compiler) lowerTransposedProduct(n, a, b *graph.Node) {
	av, bv := c.resident(c.in(a, plain)), c.resident(c.in(b, plain))
	p := &outerProduct{gemm.NewOuter(a.Shape()[0], a.Shape()[1], b.Shape()[1]), av.buf, bv.buf}
	out := c.define(n, plain).buf
	c.add(step{
		name: "transposed product", algorithm: p.Algorithm(), node: n, tasks: p.Tasks(), reads: bufs(p.a, p.b), writes: bufs(out), outer: p,
		run: func(task int, _ []float32) { p.Run(task, out.data, p.a.data, p.b.data) },
	})
}

// mergeUpdates makes one step of the gradient of a matrix of weights and of
// the update that follows and alone reads it, where both are large. The
// gradient is then never whole in memory, only a block of it in the cache.
func (c *compiler) mergeUpdates() {
	for i := 0; i+1 < len(c.steps); i++ {
		if s, ok := c.merged(i); ok {
			c.steps = slices.Replace(c.steps, i, i+2, s)
		}
	}
}

// mergedStep is the name of such a step.
const mergedStep = "transposed product, update"

// Size of a block of the gradient in a merged step.
const (
	mergedRows    = 24
	mergedColumns = 1024
	mergedPitch   = mergedColumns + work.AlignFloats // rows lie in different sets of the cache
)

// merged returns the step that replaces step i and the one after it.
func (c *compiler) merged(i int) (step, bool) {
	product, update := c.steps[i], c.steps[i+1]
	p, t := product.outer, update.tail
	if p == nil || t == nil || t.program == nil || t.sums != nil || update.writes[0].alias == nil || p.Rows()*p.Columns() < work.Limit.StreamedFloats {
		return step{}, false
	}
	gradient := product.writes[0]
	at := slices.IndexFunc(t.program.operands, func(o operand) bool { return o.buf == gradient })
	if at < 0 || t.program.operands[at].kind != operandFull || gradient.keep || gradient.alias != nil {
		return step{}, false
	}
	for j, s := range c.steps {
		if j != i && slices.Contains(s.writes, gradient) || j != i+1 && slices.Contains(s.reads, gradient) {
			return step{}, false
		}
	}
	b, weights := t.program, update.writes[0].alias
	parts := (p.Columns() + mergedColumns - 1) / mergedColumns
	return step{
		name: mergedStep, algorithm: product.algorithm, node: product.node,
		tasks:   (p.Rows() + mergedRows - 1) / mergedRows * parts,
		scratch: mergedRows*mergedPitch + b.scratch(),
		reads:   append(slices.Clone(product.reads), slices.DeleteFunc(slices.Clone(update.reads), func(r *buffer) bool { return r == gradient })...),
		writes:  update.writes,
		run: func(task int, scratch []float32) {
			row, column := task/parts*mergedRows, task%parts*mergedColumns
			rowEnd, columnEnd := min(row+mergedRows, p.Rows()), min(column+mergedColumns, p.Columns())
			block, rest := scratch[:mergedRows*mergedPitch], scratch[mergedRows*mergedPitch:]
			p.Block(block, mergedPitch, p.a.data, p.b.data, row, rowEnd, column, columnEnd, weights.data)
			for r := row; r < rowEnd; r++ {
				b.runWith(at, block[(r-row)*mergedPitch:], r*p.Columns()+column, r*p.Columns()+columnEnd, rest)
			}
		},
	}, true
}
