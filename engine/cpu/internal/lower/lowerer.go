package lower

import (
	"fmt"
	"hash/fnv"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// A Lowerer collects the steps of a program.
type Lowerer struct {
	f        *ir.Func
	op       *ir.Op // that is lowered now
	steps    []exec.Step
	arena    []*exec.Buffer
	bufs     map[*ir.Value]*exec.Buffer // of values with memory of their own
	partials map[*ir.Value]*partials
	packed   map[packed]memory // what is packed once for all runs
	order    uint64            // ReductionOrder of the steps so far, see exec.Plan

	reducer    engine.Reducer           // adds up over a group; nil if there is none
	reductions map[*ir.Value]*reduction // by result of the operation that begins them
}

// Lower returns the plan of a Func after all passes. The reducer adds up over the members
// of a group; it is nil for a program of a group of one. Lower fails if an operator is not
// supported.
func Lower(f *ir.Func, r engine.Reducer) (*exec.Plan, error) {
	c := &Lowerer{
		f: f, bufs: map[*ir.Value]*exec.Buffer{}, partials: map[*ir.Value]*partials{}, packed: map[packed]memory{},
		reducer: r, reductions: map[*ir.Value]*reduction{},
	}
	c.leaves()
	c.noteOrder(f.Rounding)
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

// plan returns the steps as a plan, with the buffers of outputs, updates and leaves.
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
			from := c.at(u.New)
			from.buf.Keep = true
			p.Commits = append(p.Commits, exec.Commit{From: from.buf, Offset: from.offset, To: c.bufs[u.Old]})
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

// memory is where a value lies. The offset counts its elements.
type memory struct {
	buf    *exec.Buffer
	offset int
}

// data returns the memory from the first element on. Buffers have memory only during a
// run, so only Step.Run may call it.
func (m memory) data() []float32 { return m.buf.Data[m.offset:] }

// bytes is data for a value of type ir.Uint8.
func (m memory) bytes() []byte { return exec.BytesOf(m.buf.Data)[m.offset:] }

// at returns where a value lies.
func (c *Lowerer) at(v *ir.Value) memory {
	root, offset := v.Root()
	b := c.bufs[root]
	if b == nil {
		b = c.alloc(floatsOf(root))
		c.bufs[root] = b
	}
	return memory{b, offset}
}

// floatsOf is the memory that a value needs, in floats.
func floatsOf(v *ir.Value) int {
	if v.Type == ir.Uint8 {
		return (v.Shape.Size() + 3) / 4
	}
	return v.Shape.Size()
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

// add adds a step for the operation that is lowered now. If Hoist has set Once of the
// operation, the step runs again only when one of those variables has changed.
func (c *Lowerer) add(s exec.Step) {
	if s.Node == nil {
		s.Node = c.op.Node
	}
	if c.op.Once != nil && s.Once == nil {
		c.once(&s, c.op.Once)
	}
	c.steps = append(c.steps, s)
}

// once makes a step run again only when one of some variables has changed, and its
// results persistent. Without variables it does nothing.
func (c *Lowerer) once(s *exec.Step, variables []*graph.Variable) {
	if once := exec.NewOnce(variables); once != nil {
		keep(s, once)
	}
}

// keep says when a step has to run again, and makes its results persistent.
func keep(s *exec.Step, once *exec.Once) {
	s.Once = once
	for _, b := range s.Writes {
		b.Persistent = true
	}
}

// onceFor makes a step run again only when one of the variables has changed that some
// fixed values depend on, and its results persistent. If they depend on none, it runs once.
func (c *Lowerer) onceFor(s *exec.Step, values []*ir.Value) {
	var variables []*graph.Variable
	for _, v := range values {
		variables = append(variables, v.Vars...)
	}
	once := exec.NewOnce(variables)
	if once == nil {
		once = new(exec.Once)
	}
	keep(s, once)
}

// addSplit adds a step over n items: each task calls run for a range lo ≤ i < hi of
// them, at least perTask items and a multiple of unit.
func (c *Lowerer) addSplit(s exec.Step, n, perTask, unit int, run func(lo, hi int)) {
	tasks, chunk := work.Split(n, perTask, unit)
	s.Tasks = tasks
	s.Run = func(task int, _ []float32) { run(work.ChunkRange(task, chunk, n)) }
	c.add(s)
}

// noteOrder adds to ReductionOrder what decides the order of a sum, such as the name,
// tasks and rows of its step.
func (c *Lowerer) noteOrder(details ...any) {
	h := fnv.New64a()
	fmt.Fprintln(h, append([]any{c.order}, details...)...)
	c.order = h.Sum64()
}
