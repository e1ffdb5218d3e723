package lower

import (
	"sort"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// TopK keeps a sorted list of the best elements of each line, and where they stand.
var topK = operator{
	work: "loss",
	layout: func(l *Layouts, o *ir.Op) {
		l.Any(o, 0)
		l.MakePlain(o)
	},
	lower: func(c *Lowerer, o *ir.Op) {
		op := o.Do.(graph.TopKOp)
		from, to := linesOf(o.Args[0], op.Axis), linesOf(o.Out(), op.Axis)
		x, out, n := c.at(o.Args[0]), c.at(o.Out()), from.outer.Size()
		tasks, chunk := work.Split(n, max(1, (1<<12)/from.inner[0]), 1)
		c.add(exec.Step{
			Name: "topk", Tasks: tasks, Scratch: 2 * op.K, Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{out.buf},
			Run: func(task int, scratch []float32) {
				lo, hi := work.ChunkRange(task, chunk, n)
				for line := lo; line < hi; line++ {
					b := best{scratch[:0:op.K], scratch[op.K : op.K : 2*op.K], op.Smallest}
					start := position(line, from.outer, from.outerStrides)
					for j := range from.inner[0] {
						b.offer(x.data()[start+j*from.innerSteps[0]], j)
					}
					start = position(line, to.outer, to.outerStrides)
					for j, i := range b.indices {
						out.data()[start+j*to.innerSteps[0]] = i
					}
				}
			},
		})
	},
}

// best is a list of elements, the best first, as many as the slices have room for.
type best struct {
	values, indices []float32
	smallest        bool
}

// before reports whether a value comes before another one in the list.
func (b *best) before(v, w float32) bool {
	if b.smallest {
		v, w = w, v
	}
	return v > w || v != v && w == w
}

// offer adds an element if it is better than the worst one, behind those that are equal.
func (b *best) offer(v float32, index int) {
	n := len(b.values)
	if n == cap(b.values) {
		if !b.before(v, b.values[n-1]) {
			return
		}
		n--
	} else {
		b.values, b.indices = b.values[:n+1], b.indices[:n+1]
	}
	at := sort.Search(n, func(i int) bool { return b.before(v, b.values[i]) })
	copy(b.values[at+1:], b.values[at:n])
	copy(b.indices[at+1:], b.indices[at:n])
	b.values[at], b.indices[at] = v, float32(index)
}
