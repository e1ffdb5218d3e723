package cpu

import (
	"github.com/strideml/stride/engine/cpu/internal/work"
)

// A memoryPool is the memory that the programs of a device share. They run in
// turns, and nothing in it outlives a run, so it is as large as the largest of
// them needs: a test after each epoch, or a smaller last batch, costs no
// memory. What lives longer, such as weights that stay packed, has a place
// outside. The holder of the team's lock may use it.
type memoryPool struct {
	arena      *arena
	memory     []float32
	needs      map[int]int // floats of each open program, by its number
	last       int         // number given last
	generation int         // of memory
}

// reserve makes room for a program and returns its number.
func (l *memoryPool) reserve(floats int) (number int, err error) {
	if floats > len(l.memory) {
		if err := l.resize(floats); err != nil {
			return 0, err
		}
	}
	if l.needs == nil {
		l.needs = map[int]int{}
	}
	l.last++
	l.needs[l.last] = floats
	return l.last, nil
}

// release takes back a program's reservation, and memory that nobody needs
// any more.
func (l *memoryPool) release(number int) error {
	delete(l.needs, number)
	most := 0
	for _, n := range l.needs {
		most = max(most, n)
	}
	if most == len(l.memory) {
		return nil
	}
	return l.resize(most)
}

// resize replaces the memory. On failure it stays as it is.
func (l *memoryPool) resize(floats int) error {
	a, memory, err := newArena(floats)
	if err != nil {
		return err
	}
	old := l.arena
	l.arena, l.memory = a, memory
	l.generation++
	if old != nil {
		return old.free()
	}
	return nil
}

// reserve makes room in the pool of a team.
func (t *team) reserve(floats int) (number int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pool.reserve(floats)
}

// bind gives the buffers of the program, and of its crew, their places in the
// pool, unless they have them.
func (p *program) bind() {
	l := &p.team.pool
	if p.bound == l.generation {
		return
	}
	p.bound = l.generation
	memory := l.memory
	for _, q := range p.programs {
		memory = q.bindTo(memory)
	}
}

// bindTo gives the program's buffers their places in memory, and returns the rest.
func (p *program) bindTo(memory []float32) (rest []float32) {
	for _, b := range p.placed {
		b.data = memory[b.offset : b.offset+b.size : b.offset+b.size+work.SlackFloats]
	}
	for _, b := range p.aliases {
		b.data = b.root().data
	}
	for i := range p.scratch {
		at := p.scratchAt + i*p.scratchFloats
		p.scratch[i] = memory[at : at+p.scratchFloats : at+p.scratchFloats]
	}
	return memory[p.poolFloats:]
}

// placeApart gives buffers that outlive a run memory of their own.
func (p *program) placeApart(buffers []*buffer) error {
	at := 0
	for _, b := range buffers {
		b.offset, b.first, b.last = at, -1, len(p.steps)
		at += work.RoundUp(b.size+work.SlackFloats, work.AlignFloats)
	}
	own, memory, err := newArena(at)
	if err != nil {
		return err
	}
	p.own, p.ownFloats, p.persistent = own, at, buffers
	for _, b := range buffers {
		b.data = memory[b.offset : b.offset+b.size : b.offset+b.size+work.SlackFloats]
	}
	return nil
}
