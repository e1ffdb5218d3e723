package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/graph"
)

// biased is a matrix product and a bias vector that an Add puts on its rows.
type biased struct {
	product, bias *graph.Node
}

// findBiases finds products whose only user adds a vector along the rows.
func (c *compiler) findBiases() {
	for _, n := range c.g.Nodes() {
		if !c.needed[n.ID()] {
			continue
		}
		if op, ok := n.Op().(graph.BinaryOp); !ok || op.Func != graph.KindAdd {
			continue
		}
		for i, m := range n.Inputs() {
			op, ok := m.Op().(graph.MatMulOp)
			bias := n.Inputs()[1-i]
			if !ok || op.TransA || c.soleConsumer(m) != n || len(bias.Shape()) != 1 || bias.Shape()[0] != m.Shape()[1] {
				continue
			}
			c.biased[n.ID()] = biased{m, bias}
			c.absorbed[m.ID()] = true
			break
		}
	}
}

// product is the plan of a matrix product with row-major A and packed B.
//
// B is packed whole, by a step before the product, or streamed: each task packs
// its own panels, as much at a time as stays in the cache. That suits a large B
// that changes with every run, as the weights of a linear layer do in training:
// it is read once, and no copy of it goes through the memory.
type product struct {
	m, k, n int
	rows    int // rows of a task
	parts   int // tasks that share the panels of the same rows
	panels  int
	nr      int
	terms   int // of the panels packed at a time, if B is streamed; otherwise 0
	pack    packing
	aOff    []int32
	cOff    []int32
	zero    int32
}

// newProduct plans the product of m×k and k×n. B may be given transposed, and
// may be the same in all runs.
func newProduct(m, k, n int, transposed, same bool) *product {
	p := &product{m: m, k: k, n: n, nr: kernel.TileCols}
	if n <= kernel.NarrowCols {
		p.nr = kernel.NarrowCols
	}
	p.panels = kernel.Panels(n, p.nr)
	// Tasks of about limit.taskFMAs/4, at least minimalTasks if there is enough.
	total := m * k * n
	tasks := max(1, min(4*total/limit.taskFMAs, m/kernel.NarrowRows, 64))
	p.rows = roundUp((m+tasks-1)/tasks, kernel.NarrowRows)
	blocks := (m + p.rows - 1) / p.rows
	p.parts = max(1, min(p.panels, limit.minimalTasks/blocks, 4*total/blocks/limit.taskFMAs))
	p.pack = p.packing(transposed)
	if !same && k*n >= limit.streamedFloats && m <= streamedRows {
		p.stream(transposed)
	}
	for i := range p.rows {
		p.aOff, p.cOff = append(p.aOff, int32(i*k)), append(p.cOff, int32(i*n))
	}
	return p
}

// streamedRows is how many rows share one pass over a streamed B, at most: with
// more of them a copy of B costs little.
const streamedRows = 256

// stream plans tasks that pack B themselves: about 128 KB of it at a time, in
// long pieces of its rows.
func (p *product) stream(transposed bool) {
	panels, terms := 4, limit.blockTerms/2
	if !transposed {
		panels, terms = 16, limit.blockTerms/8
	}
	p.rows, p.terms = p.m, min(max(1, terms), p.k)
	p.parts = max((p.panels+panels-1)/panels, min(p.panels, limit.minimalTasks))
}

// A packing packs the terms k ≤ t < k+run of the panels from ≤ panel < to of B.
type packing func(dst, b []float32, k, run, from, to int)

// packing returns how B is packed, given as it is or transposed.
func (p *product) packing(transposed bool) packing {
	if transposed {
		return func(dst, b []float32, k, run, from, to int) {
			kernel.PackTransposed(dst, b[from*p.nr*p.k+k:], run, p.n-from*p.nr, p.k, p.nr, 0, to-from)
		}
	}
	return func(dst, b []float32, k, run, from, to int) {
		kernel.PackRowMajor(dst, b[k*p.n+from*p.nr:], run, p.n-from*p.nr, p.n, p.nr, 0, to-from)
	}
}

// scratch is the memory that a task packs to.
func (p *product) scratch() int { return (p.panels + p.parts - 1) / p.parts * p.nr * p.terms }

func (p *product) tasks() int { return (p.m + p.rows - 1) / p.rows * p.parts }

// operands are those of a product. B is packed unless it is streamed.
type operands struct {
	a, b, bias, c []float32 // bias may be nil
	clip          clip
}

// run computes one task and returns the range of C it covers.
func (p *product) run(task int, o operands, scratch []float32) (lo, hi int) {
	row0, part := task/p.parts*p.rows, task%p.parts
	rows := min(p.rows, p.m-row0)
	from, to := part*p.panels/p.parts, (part+1)*p.panels/p.parts
	if p.terms > 0 {
		for k := 0; k < p.k; k += p.terms {
			run := min(p.terms, p.k-k)
			p.pack(scratch, o.b, k, run, from, to)
			for panel := from; panel < to; panel++ {
				p.multiply(o, scratch[(panel-from)*run*p.nr:], row0, rows, panel, k, run)
			}
		}
	} else {
		for panel := from; panel < to; panel++ {
			for k := 0; k < p.k; k += limit.blockTerms {
				p.multiply(o, o.b[(panel*p.k+k)*p.nr:], row0, rows, panel, k, min(limit.blockTerms, p.k-k))
			}
		}
	}
	return row0 * p.n, (row0 + rows) * p.n
}

// multiply adds the terms from k on to some rows of one panel.
func (p *product) multiply(o operands, packed []float32, row0, rows, panel, k, run int) {
	column := panel * p.nr
	args := kernel.TileArgs{
		A: &o.a[row0*p.k+k], AOff: &p.aOff[0], B: &packed[0], SegOff: &p.zero, Segs: 1, Run: run,
		C: &o.c[row0*p.n+column], COff: &p.cOff[0], Rows: rows, Cols: min(p.nr, p.n-column), Accumulate: k > 0,
	}
	if k == 0 && o.bias != nil {
		args.Bias = &o.bias[column]
	}
	args.ReLU, args.ReLU6 = o.clip != noClip && k+run == p.k, o.clip == clipReLU6
	tile(&args, p.nr)
}

// lowerMatMul computes the product mm, plus a bias vector if there is one,
// into node n.
func (c *compiler) lowerMatMul(n, mm, bias *graph.Node) error {
	op := mm.Op().(graph.MatMulOp)
	a, b := mm.Inputs()[0], mm.Inputs()[1]
	if op.TransA && !op.TransB {
		c.lowerTransposedProduct(n, a, b)
		return nil
	}
	av := c.in(a, plain)
	if op.TransA {
		av = c.transposed(av)
	}
	m, cols := n.Shape()[0], n.Shape()[1]
	k := a.Shape()[1]
	if op.TransA {
		k = a.Shape()[0]
	}
	weights := c.weights(b)
	p := newProduct(m, k, cols, op.TransB, weights.vars != nil)
	bb := weights.buf
	if p.terms == 0 {
		bb = c.addPackStep(n, weights, p.panels*k*p.nr, p.panels, 0, func(dst, w, _ []float32, panel int) {
			p.pack(dst[panel*k*p.nr:], w, 0, k, panel, panel+1)
		})
	}
	reads := bufs(av.buf, bb)
	var biasBuf *buffer
	if bias != nil {
		biasBuf = c.addBiasStep(n, c.weights(bias), 1, cols, p.nr)
		reads = append(reads, biasBuf)
	}
	out := c.define(n, plain)
	t := c.setTail(out)
	t.clips, t.scattered = clipReLU6, p.parts > 1
	ab, ob := av.buf, out.buf
	c.add(step{
		name: "product", algorithm: "GEMM", node: n, tasks: p.tasks(), reads: reads, writes: bufs(ob), scratch: p.scratch(),
		run: func(task int, scratch []float32) {
			o := operands{ab.data, bb.data, nil, ob.data, t.clip}
			if biasBuf != nil {
				o.bias = biasBuf.data
			}
			lo, hi := p.run(task, o, scratch)
			t.done(task, lo, hi, scratch)
		},
	})
	return nil
}
