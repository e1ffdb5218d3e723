package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Sums over rows take two operations: rowSums adds up the rows of each task, of the
// step that computes the rows or of a step of its own, and totals adds up these
// partial sums.
var (
	rowSums = operator{lower: lowerRowSums}
	totals  = operator{lower: lowerTotals}
)

// partials are partial sums over the rows of a value, one for each task of a step.
type partials struct {
	buf   *exec.Buffer
	size  int   // floats of each
	tasks int   // how many there are
	rows  []int // how many rows each is the sum of
}

// allocate makes the buffer, for a step of so many tasks.
func (p *partials) allocate(c *Lowerer, tasks int) {
	p.tasks, p.rows = tasks, make([]int, tasks)
	p.buf = c.alloc(tasks * p.size)
}

// of returns the partial sum of a task.
func (p *partials) of(task int) []float32 { return p.buf.Data[task*p.size : (task+1)*p.size] }

// rows is a value seen as rows × channels: N×C, or N×C×H×W in NHWC with a row for
// each pixel.
type rows struct {
	memory
	n, channels, pitch int
}

// rows returns a value as rows.
func (c *Lowerer) rows(v *ir.Value) rows {
	ch := v.Shape[1]
	return rows{c.at(v), v.Shape.Size() / ch, ch, v.RowPitch()}
}

// from returns the elements from a row on.
func (m rows) from(row int) []float32 { return m.buf.Data[m.offset+row*m.pitch:] }

// split cuts rows into tasks of at least 4096 elements.
func (m rows) split() (tasks, chunk int) { return work.Split(m.n, max(1, 4096/m.channels), 1) }

// rowSums returns the partial sums of an operation, not allocated yet, and the
// function that adds up the rows lo ≤ r < hi for a task whose first row is first.
func (c *Lowerer) rowSums(o *ir.Op) (*partials, func(task, first, lo, hi int)) {
	m := c.rows(o.Args[0])
	ch := m.channels
	p := &partials{size: o.Out().Shape.Size()}
	c.partials[o.Out()] = p
	var add func(dst []float32, first, lo, hi int)
	switch o.Do.(ir.RowSums).Of {
	case ir.SumRows:
		add = func(dst []float32, _, lo, hi int) { vec.AddRows(dst, m.from(lo), hi-lo, ch, m.pitch) }
	case ir.SumMoments:
		add = func(dst []float32, first, lo, hi int) {
			vec.MergeMoments(dst[:ch], dst[ch:], m.from(lo), hi-lo, ch, m.pitch, lo-first)
		}
	case ir.SumBatchNorm:
		x, stats := c.rows(o.Args[1]), c.at(o.Args[2])
		add = func(dst []float32, _, lo, hi int) {
			vec.BatchNormSums(dst[:ch], dst[ch:], m.from(lo), x.from(lo), stats.data()[:ch], hi-lo, ch, m.pitch, x.pitch)
		}
	}
	return p, func(task, first, lo, hi int) {
		dst := p.of(task)
		if lo == first {
			clear(dst)
		}
		add(dst, first, lo, hi)
		p.rows[task] = hi - first
	}
}

// noteRows adds to ReductionOrder how a step sums the rows of an operation's arguments.
// Kernels add up rows in another order if other floats lie between them.
func (c *Lowerer) noteRows(step string, tasks int, o *ir.Op) {
	c.noteOrder(step, tasks, c.rows(o.Args[0]).n)
	for _, v := range o.Args {
		c.noteOrder(v.Dense())
	}
}

// lowerRowSums adds up rows in a step of its own.
func lowerRowSums(c *Lowerer, o *ir.Op) {
	m := c.rows(o.Args[0])
	tasks, chunk := m.split()
	p, sum := c.rowSums(o)
	p.allocate(c, tasks)
	c.noteRows("column sums", tasks, o)
	c.add(exec.Step{
		Name: "column sums", Tasks: tasks, Reads: append(c.bufsOf(o.Args[1:]...), m.buf), Writes: []*exec.Buffer{p.buf},
		Run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, m.n)
			sum(task, lo, lo, hi)
		},
	})
}

// totalColumns is how many columns of partial sums a task adds up.
const totalColumns = 64

// lowerTotals combines partial sums.
func lowerTotals(c *Lowerer, o *ir.Op) {
	p, out := c.partials[o.Args[0]], c.at(o.Out())
	others := c.bufsOf(o.Args[1:]...)
	columns := p.size
	var total func(lo, hi int) // for the columns lo ≤ j < hi
	switch o.Do.(ir.Totals).Of {
	case ir.SumRows:
		scale := meanScale(o.Node)
		total = func(lo, hi int) {
			dst := out.data()
			p.add(dst, lo, hi)
			if scale != 1 {
				vec.MulS(dst[lo:hi], dst[lo:hi], scale)
			}
		}
	case ir.SumMoments:
		columns /= 2
		total = func(lo, hi int) { p.moments(out.data(), columns, lo, hi) }
	case ir.SumBatchNorm:
		columns /= 2
		inv := c.at(o.Args[1])
		total = func(lo, hi int) {
			dst := out.data()
			p.add(dst, lo, hi)
			p.add(dst, columns+lo, columns+hi)
			vec.Mul(dst[lo:hi], dst[lo:hi], inv.data()[lo:hi])
		}
	}
	tasks, chunk := 1, columns
	if p.tasks*p.size > work.Grain(1<<14) {
		chunk = totalColumns
		tasks = (columns + chunk - 1) / chunk
	}
	c.add(exec.Step{
		Name: "column totals", Tasks: tasks, Reads: append(others, p.buf), Writes: []*exec.Buffer{out.buf},
		Run: func(task int, _ []float32) {
			total(work.ChunkRange(task, chunk, columns))
		},
	})
}

// add adds up the columns lo ≤ j < hi of the partial sums into dst.
func (p *partials) add(dst []float32, lo, hi int) {
	copy(dst[lo:hi], p.of(0)[lo:hi])
	for t := 1; t < p.tasks; t++ {
		vec.Add(dst[lo:hi], dst[lo:hi], p.of(t)[lo:hi])
	}
}

// moments combines the mean of some rows and the sum of squared deviations from
// it, for the columns lo ≤ j < hi: the mean of all rows and their variance
// (Σ m2 + Σ rows·(mean − total mean)²) / rows. That is as accurate as a pass for
// the mean and a second one for the deviations.
func (p *partials) moments(dst []float32, columns, lo, hi int) {
	all := 0.0
	for _, rows := range p.rows {
		all += float64(rows)
	}
	for j := lo; j < hi; j++ {
		mean, square := 0.0, 0.0
		for t, rows := range p.rows {
			mean += float64(rows) * float64(p.of(t)[j])
		}
		mean /= all
		for t, rows := range p.rows {
			d := float64(p.of(t)[j]) - mean
			square += float64(p.of(t)[columns+j]) + float64(rows)*d*d
		}
		dst[j], dst[columns+j] = float32(mean), float32(square/all)
	}
}

// meanScale is what a sum over the reduced axes is multiplied by.
func meanScale(n *graph.Node) float32 {
	if n.Op().(graph.ReduceOp).Func == graph.KindMean {
		return float32(n.Shape().Size()) / float32(n.Inputs()[0].Shape().Size())
	}
	return 1
}
