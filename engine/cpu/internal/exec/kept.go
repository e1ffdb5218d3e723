package exec

import (
	"fmt"
	"slices"
	"sync"
)

// kept is what outlives a run: buffers that are computed from variables, such as
// packed weights. A program shares it with its replicas and with programs that
// [Program.Replicate] has made, which may run on other workers at the same time.
type kept struct {
	// The lock is held for reading during a run, for writing while what has
	// become stale is computed.
	mu      sync.RWMutex
	steps   []*Once // of the steps that compute it, in order
	buffers []*Buffer
	arena   *arena
	floats  int
	users   int // programs that are not closed
}

// upToDate reports whether no variable has changed.
func (k *kept) upToDate() bool {
	for _, o := range k.steps {
		if !o.upToDate() {
			return false
		}
	}
	return true
}

// release ends the use by one program. The last one frees the memory.
func (k *kept) release() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.users--; k.users > 0 {
		return nil
	}
	return k.arena.free()
}

// refresh computes what is stale. The caller holds the lock of the workers; when
// refresh returns it holds k.mu for reading, too.
func (p *Program) refresh() {
	p.kept.mu.RLock()
	for !p.kept.upToDate() {
		p.kept.mu.RUnlock()
		p.kept.mu.Lock()
		p.workers.scratch = p.scratch
		for i := range p.steps {
			if s := &p.steps[i]; s.Once != nil && !s.Once.fresh() {
				p.step(i, s)
			}
		}
		p.kept.mu.Unlock()
		p.kept.mu.RLock()
	}
}

// checkKept reports a step with Once that reads what a step without Once writes:
// steps with Once run before all others.
func checkKept(steps []Step) error {
	computed := map[*Buffer]bool{} // what each run computes
	for _, s := range steps {
		if s.Once == nil {
			for _, b := range s.Writes {
				computed[b] = true
			}
		}
	}
	for _, s := range steps {
		if s.Once != nil && slices.ContainsFunc(s.Reads, func(b *Buffer) bool { return computed[b] }) {
			return fmt.Errorf("step %s of %v is kept between runs, and reads what each run computes", s.Name, s.Node)
		}
	}
	return nil
}
