package lower

import (
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
)

// A sum over the members of a group is two operations: one begins it, one waits for it.
// What the overlap pass puts between them is computed meanwhile.
var (
	allReduce = operator{
		work: "reduction",
		layout: func(l *Layouts, o *ir.Op) {
			l.Plain(o, 0)
			begin := l.f.NewOp(ir.BeginAllReduce{}, o.Node, o.Out().Shape, o.Args[0])
			begin.Needs = []ir.Need{{Layout: ir.Plain}}
			begin.Out().Layout = ir.Plain
			l.Before(begin)
			o.Do, o.Args[0] = ir.WaitAllReduce{}, begin.Out()
			l.MakePlain(o)
		},
	}
	beginAllReduce = operator{lower: lowerBeginAllReduce}
	waitAllReduce  = operator{lower: lowerWaitAllReduce}
)

// joinsForSum reports whether an operation joins vectors for a sum over a group and for
// nothing else: it becomes an ir.Bucket.
func (l *Layouts) joinsForSum(o *ir.Op) bool {
	reader := l.uses.Sole(o.Out())
	if reader == nil || len(o.Out().Shape) != 1 {
		return false
	}
	_, ok := reader.Do.(graph.AllReduceOp)
	return ok
}

// isSum reports whether a value is a sum over a group.
func isSum(v *ir.Value) bool {
	if v.Def == nil {
		return false
	}
	_, ok := v.Def.Do.(ir.WaitAllReduce)
	return ok
}

// A reduction is a sum that has begun, while a program runs.
type reduction struct {
	wait func() error // nil before it has begun, and once somebody has waited
	err  error
}

// finish waits for the sum, if it has begun.
func (r *reduction) finish() error {
	if r.wait != nil {
		r.err = r.wait()
		r.wait = nil
	}
	return r.err
}

// lowerBeginAllReduce begins a sum in the memory of its result, which is that of the
// argument if no later step reads it.
func lowerBeginAllReduce(c *Lowerer, o *ir.Op) {
	x, sum, size := c.at(o.Args[0]), c.at(o.Out()), o.Out().Shape.Size()
	r := &reduction{}
	c.reductions[o.Out()] = r
	c.add(exec.Step{
		Name: "all-reduce", Tasks: 1, Reads: []*exec.Buffer{x.buf}, Writes: []*exec.Buffer{sum.buf}, Overwrites: x.buf,
		Run: func(int, []float32) {
			from, to := x.data()[:size], sum.data()[:size]
			if &from[0] != &to[0] {
				copy(to, from)
			}
			r.err = nil
			r.wait = c.reducer.AllReduce(to)
		},
	})
}

// lowerWaitAllReduce waits for a sum. Its result is in the same memory.
func lowerWaitAllReduce(c *Lowerer, o *ir.Op) {
	sum, out, size := c.at(o.Args[0]), c.at(o.Out()), o.Out().Shape.Size()
	r := c.reductions[o.Args[0]]
	c.add(exec.Step{
		Name: "wait for all-reduce", Tasks: 1, Reads: []*exec.Buffer{sum.buf}, Writes: []*exec.Buffer{out.buf}, Overwrites: sum.buf,
		Run: func(int, []float32) {
			if r.finish() != nil {
				return
			}
			if from, to := sum.data()[:size], out.data()[:size]; &from[0] != &to[0] {
				copy(to, from)
			}
		},
		Finish: r.finish,
	})
}
