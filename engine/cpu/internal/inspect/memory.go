package inspect

import (
	"cmp"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
)

// Memory returns what needs the memory of a program. It fails if the program is closed.
func Memory(p *exec.Program) (use *engine.MemoryUse, err error) {
	err = p.Inspect(func() { use = memoryOf(p) })
	return use, err
}

func memoryOf(p *exec.Program) *engine.MemoryUse {
	steps, replicas := p.Steps(), len(p.Replicas())
	use := &engine.MemoryUse{
		TotalBytes:   p.MemoryBytes(),
		ScratchBytes: 4 * int64(p.ScratchFloats()*(p.Workers().Size()+replicas-1)),
	}
	live := liveFloats(p)
	if len(live) == 0 {
		return use
	}
	at := slices.Index(live, slices.Max(live))
	stage := func(i int) string { return steps[i].Name + " " + steps[i].Node.String() }
	use.At = stage(at)
	for b, made := range owners(p) {
		first, last := b.Lifetime()
		if first > at || last < at {
			continue
		}
		r := engine.PeakBuffer{Name: steps[made].Name, Node: steps[made].Node.String(), Bytes: 4 * int64(b.Size*copies(p, b))}
		r.Stages = last - first + 1
		if last < len(steps) {
			r.Last = stage(last)
		}
		use.LiveBytes += r.Bytes
		use.PeakBuffers = append(use.PeakBuffers, r)
	}
	slices.SortFunc(use.PeakBuffers, func(a, b engine.PeakBuffer) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Name, b.Name))
	})
	return use
}

// owners returns the buffers in the arena that are not aliases, with the index of the
// first step that writes each.
func owners(p *exec.Program) map[*exec.Buffer]int {
	made := map[*exec.Buffer]int{}
	for i, s := range p.Steps() {
		for _, b := range s.Writes {
			r := b.Root()
			if _, ok := made[r]; !ok && r.Arena {
				made[r] = i
			}
		}
	}
	return made
}

// copies is how many replicas have memory of their own for b.
func copies(p *exec.Program, b *exec.Buffer) int {
	if b.Persistent {
		return 1
	}
	return len(p.Replicas())
}

// liveFloats returns, for each step, the total size of the buffers that are live then,
// those of replicas included.
func liveFloats(p *exec.Program) []int {
	live := make([]int, len(p.Steps()))
	for b := range owners(p) {
		first, last := b.Lifetime()
		for i := max(first, 0); i <= min(last, len(live)-1); i++ {
			live[i] += b.Size * copies(p, b)
		}
	}
	return live
}
