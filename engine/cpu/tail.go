package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/kernel"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// A tail is work that a step does on each range of its output as soon as the
// range is computed and still in cache: elementwise work first, and then sums
// over its rows.
type tail struct {
	run  func(lo, hi int, scratch []float32) // nil if nothing is attached
	clip gemm.Clip                           // what the step does to results as it stores them

	clips     gemm.Clip // the greatest of those that the step can do
	scattered bool      // what a task completes is not one range: ReLU is all that can be attached
	row       int       // elements of a row of the output; all ranges are whole rows
	sums      []func(task, first, lo, hi int)
	program   *blockProgram // all that run does, if the step has nothing else to do
}

// can reports whether the step can apply an activation itself.
func (t *tail) can(c gemm.Clip) bool { return c != gemm.NoClip && c <= t.clips }

// taken reports whether elementwise work has been attached.
func (t *tail) taken() bool { return t.run != nil || t.clip != gemm.NoClip }

// tailFloats is the size of the pieces in which tails are done: what is read
// several times stays in the first-level cache.
const tailFloats = 1 << 13

// done does the tail of the range lo ≤ i < hi of the output, the only one of
// the task.
func (t *tail) done(task, lo, hi int, scratch []float32) {
	if t.run == nil && t.sums == nil {
		return
	}
	piece := t.piece() * t.row
	for at := lo; at < hi; at += piece {
		t.part(task, lo, at, min(at+piece, hi), scratch)
	}
}

// piece is the number of rows that had better be done at a time.
func (t *tail) piece() int { return max(1, tailFloats/t.row) }

// part does the tail of one of several ranges of a task, in rising order. The
// task's first range starts at first.
func (t *tail) part(task, first, lo, hi int, scratch []float32) {
	if t.run != nil {
		t.run(lo, hi, scratch)
	}
	for _, sum := range t.sums {
		sum(task, first/t.row, lo/t.row, hi/t.row)
	}
}

// setTail lets work be attached to the step added next, which completes v range
// by range: whole rows of its channels (nhwc) or columns.
func (c *compiler) setTail(v *value) *tail {
	t := &tail{row: v.shape[len(v.shape)-1]}
	if len(v.shape) == 4 {
		t.row = v.shape[1]
	}
	for _, w := range c.values[v.node.ID()] {
		if w != nil && w.buf == v.buf {
			w.tail = t
		}
	}
	return t
}

// partials are sums over the rows of a value, one for each task of a step.
type partials struct {
	buf   *buffer
	size  int   // floats of each
	tasks int   // how many there are
	rows  []int // that went into each
}

// sumRows has add called with all rows of v, tasks each with a partial result
// of so many floats, which the call with lo = first must initialise. It is done
// in the tail of the step that makes v, if all that add reads is there earlier,
// or else by a step of its own.
func (c *compiler) sumRows(n *graph.Node, v matrix, size int, reads []*value, add func(dst []float32, first, lo, hi int)) *partials {
	p := &partials{size: size}
	sum := func(task, first, lo, hi int) {
		add(p.buf.data[task*size:(task+1)*size], first, lo, hi)
		p.rows[task] = hi - first
	}
	var others []*buffer
	inTail := v.tail != nil && !v.tail.scattered
	for _, r := range reads {
		others = append(others, r.buf)
		inTail = inTail && r.ready < v.ready
	}
	if inTail {
		s := &c.steps[v.ready]
		p.allocate(c, s.tasks)
		c.notePartition(s.name, s.tasks, v.rows)
		v.tail.sums = append(v.tail.sums, sum)
		s.reads, s.readsLate = append(s.reads, others...), append(s.readsLate, others...)
		s.writes = append(s.writes, p.buf)
		return p
	}
	tasks, chunk := v.rowTasks()
	p.allocate(c, tasks)
	c.notePartition("column sums", tasks, v.rows)
	c.add(step{
		name: "column sums", node: n, tasks: tasks, reads: append(others, v.buf), writes: bufs(p.buf),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, v.rows)
			sum(task, lo, lo, hi)
		},
	})
	return p
}

func (p *partials) allocate(c *compiler, tasks int) {
	p.tasks, p.rows = tasks, make([]int, tasks)
	p.buf = c.alloc(tasks * p.size)
}

// totalColumns is how many columns of partial sums a task adds up.
const totalColumns = 64

// addTotals adds the step that combines partial sums: total does so for the
// columns lo ≤ j < hi.
func (c *compiler) addTotals(n *graph.Node, p *partials, columns int, reads []*buffer, out *buffer, total func(lo, hi int)) {
	tasks, chunk := 1, columns
	if p.tasks*p.size > work.Grain(1<<14) {
		chunk = totalColumns
		tasks = (columns + chunk - 1) / chunk
	}
	c.add(step{
		name: "column totals", node: n, tasks: tasks, reads: append(reads, p.buf), writes: bufs(out),
		run: func(task int, _ []float32) {
			lo, hi := work.ChunkRange(task, chunk, columns)
			total(lo, hi)
		},
	})
}

// add adds up the columns lo ≤ j < hi of the partial sums into dst.
func (p *partials) add(dst []float32, lo, hi int) {
	copy(dst[lo:hi], p.buf.data[lo:hi])
	for t := 1; t < p.tasks; t++ {
		kernel.Add(dst[lo:hi], dst[lo:hi], p.buf.data[t*p.size+lo:t*p.size+hi])
	}
}
