package lower

import (
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// Both keep the layout of the argument.
var (
	gather     = operator{layout: layoutGather, lower: lowerGather}
	gatherGrad = operator{layout: layoutGather, lower: lowerGatherGrad}
)

func layoutGather(l *Layouts, o *ir.Op) {
	l.Any(o, 0)
	l.MakeAs(o, 0)
}

// A gathering is a dense value x of outer×size×inner elements in memory, the indices of
// size that are taken, and their values y of outer×len(indices)×inner.
type gathering struct {
	outer, size, inner int
	indices            []int
}

// gatheringOf returns how the indices of an axis of a value lie in memory.
func gatheringOf(op graph.GatherOp, x *ir.Value) gathering {
	g := gathering{size: x.Shape[op.Axis], inner: 1, indices: op.Indices}
	order := []int{0, 2, 3, 1} // of the axes in memory
	if x.Layout != ir.NHWC {
		for i := range x.Shape {
			order = append(order[:i], i)
		}
	}
	for _, axis := range order[1+slices.Index(order, op.Axis):] {
		g.inner *= x.Shape[axis]
	}
	g.outer = x.Shape.Size() / g.size / g.inner
	return g
}

func lowerGather(c *Lowerer, o *ir.Op) {
	g := gatheringOf(o.Do.(graph.GatherOp), o.Args[0])
	x, y := c.at(o.Args[0]), c.at(o.Out())
	c.addSplit(exec.Step{Name: "gather", Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{y.buf}},
		g.outer*len(g.indices), max(1, (1<<14)/g.inner), 1, func(lo, hi int) { g.take(y.data(), x.data(), lo, hi) })
}

// take copies the rows lo ≤ r < hi of y.
func (g gathering) take(y, x []float32, lo, hi int) {
	count := len(g.indices)
	for r := lo; r < hi; {
		outer, first := r/count, r%count
		n := min(count-first, hi-r)
		from := x[outer*g.size*g.inner:][:g.size*g.inner]
		if g.inner == 1 {
			to := y[r : r+n]
			for k, i := range g.indices[first : first+n] {
				to[k] = from[i]
			}
		} else {
			for k, i := range g.indices[first : first+n] {
				copy(y[(r+k)*g.inner:][:g.inner], from[i*g.inner:])
			}
		}
		r += n
	}
}

// lowerGatherGrad adds the rows of dy to those of dx. A task has some columns of the
// inner elements for one outer one.
func lowerGatherGrad(c *Lowerer, o *ir.Op) {
	g := gatheringOf(o.Do.(graph.GatherGradOp).Gather, o.Out())
	dy, dx := c.at(o.Args[0]), c.at(o.Out())
	parts, chunk := 1, g.inner
	if g.outer < work.Limit.MinimalTasks {
		parts, chunk = work.Split(g.inner, max(64, (1<<14)/max(g.size, len(g.indices))), 16)
	}
	perTask := max(1, (1<<14)/(chunk*max(g.size, len(g.indices))))
	c.addSplit(exec.Step{Name: "gather gradient", Reads: []*exec.Buffer{dy.buf}, Writes: []*exec.Buffer{dx.buf}},
		g.outer*parts, perTask, 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				from, to := work.ChunkRange(i%parts, chunk, g.inner)
				g.add(dx.data()[i/parts*g.size*g.inner:], dy.data()[i/parts*len(g.indices)*g.inner:], from, to)
			}
		})
}

// add adds up the columns from ≤ j < to of dy, in the order of the indices.
func (g gathering) add(dx, dy []float32, from, to int) {
	for i := range g.size {
		clear(dx[i*g.inner+from : i*g.inner+to])
	}
	if g.inner == 1 {
		for k, i := range g.indices {
			dx[i] += dy[k]
		}
		return
	}
	for k, i := range g.indices {
		row := dx[i*g.inner+from : i*g.inner+to]
		vec.Add(row, row, dy[k*g.inner+from:k*g.inner+to])
	}
}
