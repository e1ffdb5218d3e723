package exec

import (
	"errors"
	"slices"

	"github.com/strideml/stride/engine/cpu/internal/work"
)

// setLifetimes sets the lifetime of each buffer in the arena: from the first step that
// uses it to the last.
func setLifetimes(steps []Step, arena []*Buffer) {
	for _, b := range arena {
		b.first, b.last = len(steps), -1
	}
	for i, s := range steps {
		for _, list := range [][]*Buffer{s.Reads, s.Writes} {
			for _, b := range list {
				b.first, b.last = min(b.first, i), max(b.last, i)
			}
		}
	}
}

// shareInPlace lets a step write over an argument that no later step uses, if it reads
// each element of it before it writes the same one.
func shareInPlace(steps []Step) {
	for i, s := range steps {
		candidates := s.Reads
		if s.Overwrites != nil {
			candidates = []*Buffer{s.Overwrites}
		} else if !s.InPlace {
			continue
		}
		out := s.Writes[0]
		if !out.Arena || out.Alias != nil {
			continue
		}
		for _, in := range candidates {
			r := in.Root()
			if !in.Arena || !r.Arena || readLate(s, r) || r.Size != out.Size || r.last != i || r.Keep || r.Persistent || out.Persistent || out.first != i || r == out {
				continue
			}
			out.Alias = r
			r.last = out.last
			r.Keep = out.Keep
			break
		}
	}
}

// readLate reports whether the step's epilogue reads the memory of r.
func readLate(s Step, r *Buffer) bool {
	return slices.ContainsFunc(s.LateReads, func(b *Buffer) bool { return b.Root() == r })
}

// planArena gives each buffer an offset such that buffers whose lifetimes
// overlap do not overlap in memory, and returns the arena's size in elements.
// It places the largest buffers first, each at the lowest offset where it
// fits.
func planArena(buffers []*Buffer, steps int) int {
	order := slices.Clone(buffers)
	for _, b := range order {
		if b.Keep {
			b.last = steps
		}
	}
	slices.SortStableFunc(order, func(a, b *Buffer) int { return b.Size - a.Size })
	var placed []*Buffer // by offset
	total := 0
	for _, b := range order {
		need := roomFor(b)
		at := 0
		for _, p := range placed {
			if p.last < b.first || b.last < p.first {
				continue
			}
			if at+need <= p.offset {
				break
			}
			at = max(at, p.offset+roomFor(p))
		}
		b.offset = at
		total = max(total, at+need)
		i, _ := slices.BinarySearchFunc(placed, b, func(p, b *Buffer) int { return p.offset - b.offset })
		placed = slices.Insert(placed, i, b)
	}
	return total
}

// roomFor is the size of a buffer with its slack.
func roomFor(b *Buffer) int { return work.RoundUp(b.Size+work.SlackFloats, work.AlignFloats) }

// planMemory assigns memory to every buffer. A replica shares the persistent buffers of
// the first program, which is nil for the first program itself.
func (p *Program) planMemory(arena []*Buffer, first *Program) error {
	setLifetimes(p.steps, arena)
	shareInPlace(p.steps)
	var persistent []*Buffer
	for _, b := range arena {
		switch {
		case !b.Arena || b.Alias != nil || b.last < 0:
		case b.Persistent:
			persistent = append(persistent, b)
		default:
			p.placed = append(p.placed, b)
		}
	}
	p.scratchAt = planArena(p.placed, len(p.steps))
	for _, s := range p.steps {
		p.scratchFloats = max(p.scratchFloats, s.Scratch)
	}
	p.scratchFloats = work.RoundUp(p.scratchFloats+work.SlackFloats, work.AlignFloats)
	p.scratch = make([][]float32, p.workers.size)
	if first != nil {
		p.scratch = p.scratch[:1]
	}
	p.arenaFloats = p.scratchAt + p.scratchFloats*len(p.scratch)
	if first != nil {
		if err := share(persistent, first.persistent); err != nil {
			return err
		}
	} else if err := p.placeApart(persistent); err != nil {
		return err
	}
	for _, b := range arena {
		if r := b.Root(); r != b && r.Arena {
			p.aliases = append(p.aliases, b)
		}
	}
	for i := range p.variables {
		v := &p.variables[i]
		for _, b := range arena {
			if b.Root() == v.buf {
				v.direct = append(v.direct, b)
			}
		}
	}
	return nil
}

// share gives buffers the memory of the same buffers of an equal program. It fails if
// there are others or other sizes.
func share(buffers, of []*Buffer) error {
	if len(buffers) != len(of) {
		return errors.New("two compilations of a graph differ")
	}
	for i, b := range buffers {
		if b.Size != of[i].Size {
			return errors.New("two compilations of a graph differ")
		}
		b.Data = of[i].Data
	}
	return nil
}

// placeApart allocates memory for the buffers that outlive a run.
func (p *Program) placeApart(buffers []*Buffer) error {
	at := 0
	for _, b := range buffers {
		b.offset, b.first, b.last = at, -1, len(p.steps)
		at += roomFor(b)
	}
	own, memory, err := newArena(at)
	if err != nil {
		return err
	}
	p.own, p.ownFloats, p.persistent = own, at, buffers
	for _, b := range buffers {
		b.Data = memory[b.offset : b.offset+b.Size : b.offset+b.Size+work.SlackFloats]
	}
	return nil
}

// bindTo sets Data of the program's buffers to their places in memory, and returns the
// memory after them.
func (p *Program) bindTo(memory []float32) (rest []float32) {
	for _, b := range p.placed {
		b.Data = memory[b.offset : b.offset+b.Size : b.offset+b.Size+work.SlackFloats]
	}
	for _, b := range p.aliases {
		b.Data = b.Root().Data
	}
	for i := range p.scratch {
		at := p.scratchAt + i*p.scratchFloats
		p.scratch[i] = memory[at : at+p.scratchFloats : at+p.scratchFloats]
	}
	return memory[p.arenaFloats:]
}
