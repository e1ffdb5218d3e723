package cpu

import (
	"cmp"
	"slices"

	"github.com/strideml/stride/engine"
)

// MemoryUse implements engine.MemoryPlanner.
func (p *program) MemoryUse() (*engine.MemoryUse, error) {
	p.team.mu.Lock()
	defer p.team.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	use := &engine.MemoryUse{TotalBytes: p.MemoryBytes(), ScratchBytes: 4 * int64(p.scratchFloats*(p.team.size+len(p.programs)-1))}
	live := p.liveFloats()
	if len(live) == 0 {
		return use, nil
	}
	at := slices.Index(live, slices.Max(live))
	stage := func(i int) string { return p.steps[i].name + " " + p.steps[i].node.String() }
	use.At = stage(at)
	for b, made := range p.residents() {
		if b.first > at || b.last < at {
			continue
		}
		r := engine.PeakBuffer{Name: p.steps[made].name, Node: p.steps[made].node.String(), Bytes: 4 * int64(b.size*p.copies(b))}
		r.Stages = b.last - b.first + 1
		if b.last < len(p.steps) {
			r.Last = stage(b.last)
		}
		use.LiveBytes += r.Bytes
		use.PeakBuffers = append(use.PeakBuffers, r)
	}
	slices.SortFunc(use.PeakBuffers, func(a, b engine.PeakBuffer) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	return use, nil
}

// residents returns the buffers that have a place of their own, with the first
// step that writes each.
func (p *program) residents() map[*buffer]int {
	made := map[*buffer]int{}
	for i, s := range p.steps {
		for _, b := range s.writes {
			r := b.root()
			if _, ok := made[r]; !ok && r.arena {
				made[r] = i
			}
		}
	}
	return made
}

// copies is how many workers have a buffer of their own for b.
func (p *program) copies(b *buffer) int {
	if b.persistent {
		return 1
	}
	return len(p.programs)
}

// liveFloats returns, for each step, the size of the buffers that hold
// something then.
func (p *program) liveFloats() []int {
	live := make([]int, len(p.steps))
	for b := range p.residents() {
		for i := max(b.first, 0); i <= min(b.last, len(live)-1); i++ {
			live[i] += b.size * p.copies(b)
		}
	}
	return live
}
