package exec

import (
	"errors"
	"slices"
	"sync"

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

// planMemory gives every buffer its place in memory. Buffers that outlive a run
// have those of the program's kept memory, which is made if there is none yet.
func (p *Program) planMemory(arena []*Buffer) error {
	dropIntermediates(p.steps)
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
	p.arenaFloats = p.scratchAt + p.scratchFloats*len(p.scratch)
	if err := p.keep(persistent); err != nil {
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

// keep gives buffers that outlive a run their memory: that of the program's kept
// memory, which is made if there is none yet.
func (p *Program) keep(buffers []*Buffer) error {
	for _, b := range buffers {
		b.first, b.last = -1, len(p.steps)
	}
	if p.kept != nil {
		return p.share(buffers)
	}
	k := &kept{mu: new(sync.RWMutex), buffers: buffers, users: 1}
	for _, b := range buffers {
		b.offset = k.floats
		k.floats += roomFor(b)
	}
	var memory []float32
	var err error
	if k.arena, memory, err = newArena(k.floats); err != nil {
		return err
	}
	for _, b := range buffers {
		b.Data = memory[b.offset : b.offset+b.Size : b.offset+b.Size+work.SlackFloats]
	}
	for i := range p.steps {
		if o := p.steps[i].Once; o != nil {
			k.steps = append(k.steps, o)
		}
	}
	p.kept = k
	return nil
}

var errDiffer = errors.New("two compilations of a graph differ")

// share gives buffers and steps the memory and the state of those of an equal
// program.
func (p *Program) share(buffers []*Buffer) error {
	k := p.kept
	p.persistent = buffers
	if len(buffers) != len(k.buffers) {
		return errDiffer
	}
	for i, b := range buffers {
		if b.Size != k.buffers[i].Size {
			return errDiffer
		}
		b.Data = k.buffers[i].Data
	}
	rest := k.steps
	for i := range p.steps {
		if s := &p.steps[i]; s.Once != nil {
			if len(rest) == 0 {
				return errDiffer
			}
			s.Once, rest = rest[0], rest[1:]
		}
	}
	if len(rest) > 0 {
		return errDiffer
	}
	return nil
}

// keptFloats is the memory that outlives a run. Of programs that share it the one
// that it was made for counts it.
func (p *Program) keptFloats() int {
	if p.shares {
		return 0
	}
	return p.kept.floats
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
