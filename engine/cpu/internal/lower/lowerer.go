package lower

import (
	"fmt"
	"hash/fnv"

	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// A Lowerer collects the steps of a program.
type Lowerer struct {
	f        *ir.Func
	op       *ir.Op // at hand
	steps    []exec.Step
	arena    []*exec.Buffer
	bufs     map[*ir.Value]*exec.Buffer // of values with memory of their own
	partials map[*ir.Value]*partials
	order    uint64 // of sums so far, see exec.Plan
}

// Lower turns a Func that all passes have seen into a plan.
func Lower(f *ir.Func) (*exec.Plan, error) {
	c := &Lowerer{f: f, bufs: map[*ir.Value]*exec.Buffer{}, partials: map[*ir.Value]*partials{}}
	c.leaves()
	for _, o := range f.Ops {
		op, err := operatorOf(o)
		if err != nil {
			return nil, err
		}
		c.op = o
		op.lower(c, o)
	}
	return c.plan(), nil
}

// leaves makes the buffers of inputs, variables and constants, and those of
// values that are computed in the memory of a variable.
func (c *Lowerer) leaves() {
	for _, v := range c.f.Leaves {
		b := &exec.Buffer{Size: v.Shape.Size()}
		if op, ok := v.Node.Op().(graph.ConstantOp); ok {
			b.Data = op.Value.Clone().Data()
		}
		c.bufs[v] = b
	}
	for _, u := range c.f.Updates {
		if u.Direct {
			root, _ := u.New.Root()
			b := &exec.Buffer{Size: root.Shape.Size(), Alias: c.bufs[u.Old]}
			c.arena = append(c.arena, b)
			c.bufs[root] = b
		}
	}
}

// plan returns what has been collected.
func (c *Lowerer) plan() *exec.Plan {
	p := &exec.Plan{Steps: c.steps, ReductionOrder: c.order}
	for _, v := range c.f.Outputs {
		m := c.at(v)
		if m.buf.Arena {
			m.buf.Keep = true
		}
		p.Outputs = append(p.Outputs, exec.Output{Node: v.Node, Buf: m.buf, Offset: m.offset, Size: v.Shape.Size()})
	}
	for _, u := range c.f.Updates {
		p.Assigned = append(p.Assigned, u.Variable)
		if !u.Direct {
			from := c.at(u.New).buf
			from.Keep = true
			p.Commits = append(p.Commits, exec.Commit{From: from, To: c.bufs[u.Old]})
		}
	}
	leaves := map[*graph.Node]*exec.Buffer{}
	for _, v := range c.f.Leaves {
		leaves[v.Node] = c.bufs[v]
	}
	for _, n := range c.f.Graph.Inputs() {
		p.Inputs = append(p.Inputs, leaves[n])
	}
	for _, n := range c.f.Graph.Variables() {
		if b := leaves[n]; b != nil {
			p.Variables = append(p.Variables, exec.Variable{Variable: n.Op().(graph.VariableOp).Variable, Buf: b})
		}
	}
	p.Arena = c.arena
	return p
}

// memory is where a value lies.
type memory struct {
	buf    *exec.Buffer
	offset int
}

// data returns the elements from the first on. Only steps that run may ask.
func (m memory) data() []float32 { return m.buf.Data[m.offset:] }

// at returns where a value lies.
func (c *Lowerer) at(v *ir.Value) memory {
	root, offset := v.Root()
	b := c.bufs[root]
	if b == nil {
		b = c.alloc(root.Shape.Size())
		c.bufs[root] = b
	}
	return memory{b, offset}
}

// bufsOf returns the buffers of some values.
func (c *Lowerer) bufsOf(values ...*ir.Value) []*exec.Buffer {
	list := make([]*exec.Buffer, len(values))
	for i, v := range values {
		list[i] = c.at(v).buf
	}
	return list
}

// alloc returns a new buffer in the arena.
func (c *Lowerer) alloc(size int) *exec.Buffer {
	b := &exec.Buffer{Size: size, Arena: true}
	c.arena = append(c.arena, b)
	return b
}

// add adds a step for the operation at hand. If that need not run again while
// variables stay as they are, neither need the step.
func (c *Lowerer) add(s exec.Step) {
	if s.Node == nil {
		s.Node = c.op.Node
	}
	if c.op.Once != nil && s.Once == nil {
		c.once(&s, c.op.Once)
	}
	c.steps = append(c.steps, s)
}

// once makes a step one that runs again only after variables have changed.
func (c *Lowerer) once(s *exec.Step, variables []*graph.Variable) {
	if s.Once = exec.NewOnce(variables); s.Once != nil {
		for _, b := range s.Writes {
			b.Persistent = true
		}
	}
}

// addSplit adds a step over n items, at least perTask of them in a task, a
// multiple of unit: run is called with ranges.
func (c *Lowerer) addSplit(s exec.Step, n, perTask, unit int, run func(lo, hi int)) {
	tasks, chunk := work.Split(n, perTask, unit)
	s.Tasks = tasks
	s.Run = func(task int, _ []float32) { run(work.ChunkRange(task, chunk, n)) }
	c.add(s)
}

// noteOrder records how a sum is cut up: by a step of the given name, into so
// many tasks, over so many rows.
func (c *Lowerer) noteOrder(details ...any) {
	h := fnv.New64a()
	fmt.Fprintln(h, append([]any{c.order}, details...)...)
	c.order = h.Sum64()
}
