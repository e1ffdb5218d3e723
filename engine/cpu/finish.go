package cpu

import (
	"errors"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/graph"
)

// finish plans the memory and returns the program. If there is a first program, it
// is another of the same kind, see Device.compile.
func (c *compiler) finish(first *program) (*program, error) {
	p := &program{device: c.device, team: c.device.team, parts: 1}
	p.programs = []*program{p}
	for _, n := range c.outputs {
		v := c.in(n, plain)
		if v.buf.arena {
			v.buf.keep = true
		}
		p.outputVals = append(p.outputVals, v)
	}
	c.stageAssignments(p)
	c.mergeUpdates()
	c.hoist()
	c.setLifetimes()
	c.shareInPlace()
	for _, in := range c.g.Inputs() {
		p.inputBufs = append(p.inputBufs, c.inputs[in])
	}
	for _, n := range c.g.Variables() {
		if b := c.vars[n]; b != nil {
			v := n.Op().(graph.VariableOp).Variable
			p.variables = append(p.variables, boundVariable{variable: v, buf: b, size: b.size})
		}
	}
	return p, c.place(p, first)
}

// stageAssignments decides for each assignment whether its value is computed
// straight into the variable or copied there at the end.
func (c *compiler) stageAssignments(p *program) {
	for _, a := range c.g.Assignments() {
		v := c.in(a.Value, plain)
		if !v.buf.arena { // an input, a constant or another variable, which may change before the copy
			v = c.resident(v)
		}
		v.buf.keep = true
		p.commits = append(p.commits, commit{v.buf, c.vars[a.Variable]})
		p.assigned = append(p.assigned, a.Variable.Op().(graph.VariableOp).Variable)
	}
	// Conversions above may have added steps, so only now is it known who
	// reads what when.
	c.scheduleUpdates(p.commits)
	var copied []commit
	for _, cm := range p.commits {
		if c.mayWriteDirectly(p, cm) {
			cm.from.alias, cm.from.arena, cm.from.keep = cm.to, false, false
		} else {
			copied = append(copied, cm)
		}
	}
	p.commits = copied
}

// mayWriteDirectly reports whether the value can be computed in the
// variable's memory: one elementwise step makes it, no later step reads the
// variable, and nobody needs the old contents at the end or the value except
// elementwise steps, which read nothing past its end.
func (c *compiler) mayWriteDirectly(p *program, cm commit) bool {
	for _, v := range p.outputVals {
		if v.buf == cm.from || v.buf == cm.to {
			return false
		}
	}
	writer := -1
	for i, s := range c.steps {
		for _, b := range s.writes {
			if b == cm.from {
				if writer >= 0 || !s.elementwise {
					return false
				}
				writer = i
			}
		}
	}
	for i, s := range c.steps {
		for _, b := range s.reads {
			if b == cm.from && !s.elementwise || b == cm.to && i > writer {
				return false
			}
		}
	}
	uses := 0
	for _, other := range p.commits {
		if other.from == cm.from {
			uses++
		}
	}
	return writer >= 0 && uses == 1
}

// setLifetimes finds the first and last step of each buffer in the arena.
func (c *compiler) setLifetimes() {
	for _, b := range c.arena {
		b.first, b.last = len(c.steps), -1
	}
	for i, s := range c.steps {
		for _, list := range [][]*buffer{s.reads, s.writes} {
			for _, b := range list {
				b.first, b.last = min(b.first, i), max(b.last, i)
			}
		}
	}
}

// shareInPlace lets a step write over an argument that nobody uses afterwards,
// if it reads each element of it before it writes the same one.
func (c *compiler) shareInPlace() {
	for i, s := range c.steps {
		candidates := s.reads
		if s.overwrites != nil {
			candidates = bufs(s.overwrites)
		} else if !s.elementwise {
			continue
		}
		out := s.writes[0]
		if !out.arena || out.alias != nil {
			continue
		}
		for _, in := range candidates {
			r := in.root()
			if !in.arena || !r.arena || readLate(s, r) || r.size != out.size || r.last != i || r.keep || r.persistent || out.first != i || r == out {
				continue
			}
			out.alias = r
			r.last = out.last
			r.keep = out.keep
			break
		}
	}
}

// readLate reports whether the step's tail reads the memory of r.
func readLate(s step, r *buffer) bool {
	return slices.ContainsFunc(s.readsLate, func(b *buffer) bool { return b.root() == r })
}

// share gives buffers the memory of the same ones of an equal program.
func share(buffers, of []*buffer) error {
	if len(buffers) != len(of) {
		return errors.New("cpu: two compilations of a graph differ")
	}
	for i, b := range buffers {
		if b.size != of[i].size {
			return errors.New("cpu: two compilations of a graph differ")
		}
		b.data = of[i].data
	}
	return nil
}

// place gives every buffer its place in memory.
func (c *compiler) place(p, first *program) error {
	var persistent []*buffer
	for _, b := range c.arena {
		switch {
		case !b.arena || b.alias != nil || b.last < 0:
		case b.persistent:
			persistent = append(persistent, b)
		default:
			p.placed = append(p.placed, b)
		}
	}
	p.scratchAt = planArena(p.placed, len(c.steps))
	for _, s := range c.steps {
		p.scratchFloats = max(p.scratchFloats, s.scratch)
	}
	p.scratchFloats = work.RoundUp(p.scratchFloats+work.SlackFloats, work.AlignFloats)
	p.scratch = make([][]float32, p.team.size)
	if first != nil {
		p.scratch = p.scratch[:1]
	}
	p.poolFloats = p.scratchAt + p.scratchFloats*len(p.scratch)
	p.steps, p.partition = c.steps, c.partition
	if first != nil {
		if err := share(persistent, first.persistent); err != nil {
			return err
		}
	} else if err := p.placeApart(persistent); err != nil {
		return err
	}
	for _, b := range c.arena {
		if r := b.root(); r != b && r.arena {
			p.aliases = append(p.aliases, b)
		}
	}
	for i := range p.variables {
		for _, b := range c.arena {
			if b.alias == p.variables[i].buf {
				p.variables[i].direct = append(p.variables[i].direct, b)
			}
		}
	}
	return nil
}
