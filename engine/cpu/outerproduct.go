package cpu

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// outerProduct is the plan of aᵀ·b for a k×m and b k×n, a sum of k outer
// products, as the gradient of a linear layer's weights is.
type outerProduct struct {
	a, b       *buffer
	k, m, n    int
	aOff, bOff []int32
}

// lowerTransposedProduct computes aᵀ·b into node n.
func (c *compiler) lowerTransposedProduct(n, a, b *graph.Node) {
	av, bv := c.resident(c.in(a, plain)), c.resident(c.in(b, plain))
	p := &outerProduct{a: av.buf, b: bv.buf, k: a.Shape()[0], m: a.Shape()[1], n: b.Shape()[1]}
	for i := range p.k {
		p.aOff, p.bOff = append(p.aOff, int32(i*p.m)), append(p.bOff, int32(i*p.n))
	}
	// Tasks are blocks of rows × columns of about taskFMAs/4.
	rows := roundUp(min(p.m, 128), kernel.TileRows)
	columns := max(1, limit.taskFMAs/4/(p.k*rows*kernel.TileCols)) * kernel.TileCols
	blocks, parts := (p.m+rows-1)/rows, (p.n+columns-1)/columns
	out := c.define(n, plain).buf
	c.add(step{
		name: "transposed product", algorithm: "outer products", node: n, tasks: blocks * parts, reads: bufs(p.a, p.b), writes: bufs(out), outer: p,
		run: func(task int, _ []float32) {
			row, column := task/parts*rows, task%parts*columns
			p.block(out.data[row*p.n+column:], p.n, row, min(row+rows, p.m), column, min(column+columns, p.n), nil)
		},
	})
}

// block computes the rows row ≤ i < rowEnd and columns column ≤ j < columnEnd
// to dst, where rows are ld floats apart. Meanwhile it fetches the same elements
// of another matrix, if any.
func (p *outerProduct) block(dst []float32, ld, row, rowEnd, column, columnEnd int, soon []float32) {
	args := kernel.OuterArgs{A: &p.a.data[row], B1: 8, LdC: ld, Rows: rowEnd - row}
	fetched := row // of the other matrix
	next := ahead{aheadOf(soon, fetched*p.n+column, columnEnd-column)}
	for j := column; j < columnEnd; j += kernel.TileCols {
		args.Cols = min(kernel.TileCols, columnEnd-j)
		args.B, args.C = &p.b.data[j], &dst[j-column]
		for at := 0; at < p.k; at += limit.pixelTerms {
			args.K = min(limit.pixelTerms, p.k-at)
			args.AOff, args.BOff = &p.aOff[at], &p.bOff[at]
			args.Accumulate = at > 0
			if len(next[0]) == 0 && fetched+1 < rowEnd {
				fetched++
				next[0] = aheadOf(soon, fetched*p.n+column, columnEnd-column)
			}
			next.take(&args)
			kernel.Outer(&args)
		}
	}
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
	mergedPitch   = mergedColumns + alignFloats // rows lie in different sets of the cache
)

// merged returns the step that replaces step i and the one after it.
func (c *compiler) merged(i int) (step, bool) {
	product, update := c.steps[i], c.steps[i+1]
	p, t := product.outer, update.tail
	if p == nil || t == nil || t.program == nil || t.sums != nil || update.writes[0].alias == nil || p.m*p.n < limit.streamedFloats {
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
	parts := (p.n + mergedColumns - 1) / mergedColumns
	return step{
		name: mergedStep, algorithm: product.algorithm, node: product.node,
		tasks:   (p.m + mergedRows - 1) / mergedRows * parts,
		scratch: mergedRows*mergedPitch + b.scratch(),
		reads:   append(slices.Clone(product.reads), slices.DeleteFunc(slices.Clone(update.reads), func(r *buffer) bool { return r == gradient })...),
		writes:  update.writes,
		run: func(task int, scratch []float32) {
			row, column := task/parts*mergedRows, task%parts*mergedColumns
			rowEnd, columnEnd := min(row+mergedRows, p.m), min(column+mergedColumns, p.n)
			block, rest := scratch[:mergedRows*mergedPitch], scratch[mergedRows*mergedPitch:]
			p.block(block, mergedPitch, row, rowEnd, column, columnEnd, weights.data)
			for r := row; r < rowEnd; r++ {
				b.runWith(at, block[(r-row)*mergedPitch:], r*p.n+column, r*p.n+columnEnd, rest)
			}
		},
	}, true
}
