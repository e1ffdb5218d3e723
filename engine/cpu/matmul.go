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
		if op, ok := n.Op().(graph.Binary); !ok || op.Func != graph.KindAdd {
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
type product struct {
	m, k, n int
	rows    int // rows of a task
	parts   int // tasks that share the panels of the same rows
	panels  int
	nr      int
	aOff    []int32
	cOff    []int32
	zero    int32
}

func newProduct(m, k, n int) *product {
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
	for i := range p.rows {
		p.aOff, p.cOff = append(p.aOff, int32(i*k)), append(p.cOff, int32(i*n))
	}
	return p
}

func (p *product) tasks() int { return (p.m + p.rows - 1) / p.rows * p.parts }

// run computes one task and returns the range of C it covers.
func (p *product) run(task int, a, b, bias, c []float32, clip clip) (lo, hi int) {
	row0, part := task/p.parts*p.rows, task%p.parts
	rows := min(p.rows, p.m-row0)
	args := kernel.TileArgs{AOff: &p.aOff[0], COff: &p.cOff[0], SegOff: &p.zero, Segs: 1, Rows: rows}
	for panel := part * p.panels / p.parts; panel < (part+1)*p.panels/p.parts; panel++ {
		column := panel * p.nr
		args.Cols = min(p.nr, p.n-column)
		args.C = &c[row0*p.n+column]
		for k := 0; k < p.k; k += limit.blockTerms {
			args.Run = min(limit.blockTerms, p.k-k)
			args.A = &a[row0*p.k+k]
			args.B = &b[(panel*p.k+k)*p.nr]
			args.Accumulate, args.Bias = k > 0, nil
			if k == 0 && bias != nil {
				args.Bias = &bias[panel*p.nr]
			}
			args.Relu, args.Six = clip != noClip && k+args.Run == p.k, clip == clipReLU6
			tile(&args, p.nr)
		}
	}
	return row0 * p.n, (row0 + rows) * p.n
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
	p := newProduct(m, k, cols)
	packed := c.addPackStep(n, c.weights(b), p.panels*k*p.nr, p.panels, 0, func(dst, w, _ []float32, panel int) {
		if op.TransB {
			kernel.PackTransposed(dst, w, k, cols, k, p.nr, panel, panel+1)
		} else {
			kernel.PackRowMajor(dst, w, k, cols, cols, p.nr, panel, panel+1)
		}
	})
	reads := bufs(av.buf, packed)
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
		name: "product", algorithm: "GEMM", node: n, tasks: p.tasks(), reads: reads, writes: bufs(ob),
		run: func(task int, scratch []float32) {
			var bb []float32
			if biasBuf != nil {
				bb = biasBuf.data
			}
			lo, hi := p.run(task, ab.data, packed.data, bb, ob.data, t.clip)
			t.done(task, lo, hi, scratch)
		},
	})
	return nil
}

// lowerTransposedProduct computes aᵀ·b for a k×m and b k×n: a sum of k outer
// products.
func (c *compiler) lowerTransposedProduct(n, a, b *graph.Node) {
	k, m, cols := a.Shape()[0], a.Shape()[1], b.Shape()[1]
	av, bv := c.resident(c.in(a, plain)), c.resident(c.in(b, plain))
	panels := kernel.Panels(cols, kernel.TileCols)
	aOff, bOff := make([]int32, k), make([]int32, k)
	for i := range k {
		aOff[i], bOff[i] = int32(i*m), int32(i*cols)
	}
	// Tasks are blocks of rows × groups of panels of about taskFMAs/4.
	rows := roundUp(max(1, min(m, 128)), kernel.TileRows)
	blocks := (m + rows - 1) / rows
	per := max(1, min(panels, limit.taskFMAs/4/(k*rows*kernel.TileCols)))
	parts := (panels + per - 1) / per
	out := c.define(n, plain).buf
	ab, bb := av.buf, bv.buf
	c.add(step{
		name: "transposed product", algorithm: "outer products", node: n, tasks: blocks * parts, reads: bufs(ab, bb), writes: bufs(out),
		run: func(task int, _ []float32) {
			row0, part := task/parts*rows, task%parts
			args := kernel.OuterArgs{B1: 8, C1: 8, LdC: cols, Rows: min(rows, m-row0)}
			for panel := part * per; panel < min((part+1)*per, panels); panel++ {
				column := panel * kernel.TileCols
				args.Cols = min(kernel.TileCols, cols-column)
				args.A, args.B, args.C = &ab.data[row0], &bb.data[column], &out.data[row0*cols+column]
				for at := 0; at < k; at += limit.pixelTerms {
					args.K = min(limit.pixelTerms, k-at)
					args.AOff, args.BOff = &aOff[at], &bOff[at]
					args.Accumulate = at > 0
					kernel.Outer(&args)
				}
			}
		},
	})
}
