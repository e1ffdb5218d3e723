package exec

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/strideml/stride/graph"
)

// kept is what outlives a run: buffers that are computed from variables, such as
// packed weights. A program shares it with its replicas and with programs that
// [Program.Replicate] has made, which may run on other workers at the same time.
type kept struct {
	// The lock is held for reading during a run, for writing while what has
	// become stale is computed.
	mu      *sync.RWMutex // that of the lenders, if there are any
	steps   []*Once       // of the steps that compute it, in order
	buffers []*Buffer
	arena   *arena
	floats  int
	users   int // programs that are not closed

	// What is borrowed from other programs, see Program.ShareKept.
	lenders  []*kept
	borrowed []*Buffer

	releasing bool  // values of variables are released, see Program.ReleaseVariables
	released  int64 // bytes of them so far
	garbage   int64 // those among them that no collection has freed yet
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
	return k.releaseLocked()
}

// releaseLocked is release for a caller that holds the lock, which is that of the lenders too.
func (k *kept) releaseLocked() error {
	if k.users--; k.users > 0 {
		return nil
	}
	err := k.arena.free()
	for _, lender := range k.lenders {
		err = errors.Join(err, lender.releaseLocked())
	}
	return err
}

// owns reports whether a buffer has memory of its own.
func (k *kept) owns(b *Buffer) bool { return !slices.Contains(k.borrowed, b) }

// refresh binds the variables and computes what is stale. The caller holds the lock of the
// workers; when refresh returns without an error it holds kept.mu for reading, too.
func (p *Program) refresh() error {
	k := p.kept
	k.mu.RLock()
	for {
		for _, q := range p.programs {
			if err := q.bindVariables(); err != nil {
				k.mu.RUnlock()
				return err
			}
		}
		if k.upToDate() {
			return nil
		}
		k.mu.RUnlock()
		if err := p.recompute(); err != nil {
			return err
		}
		k.mu.RLock()
	}
}

// recompute runs the steps whose results are stale.
func (p *Program) recompute() error {
	k := p.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := p.checkReleased(); err != nil {
		return err
	}
	p.workers.scratch = p.scratch
	for i := range p.steps {
		s := &p.steps[i]
		if s.Once == nil || s.Once.fresh() {
			continue
		}
		p.step(i, s)
		if k.releasing {
			p.release(i)
		}
	}
	if k.releasing {
		p.releaseAll()
	}
	return nil
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

// dropIntermediates makes buffers that only steps with Once use last no longer than these,
// as those between the steps that standardize the weights of a convolution: they get memory
// in the arena, which is free while steps with Once run. What writes such a buffer must run
// whenever a step that reads it does, so it gets the variables of these, too.
func dropIntermediates(steps []Step) {
	type use struct {
		variables []*graph.Variable // of the steps that read it
		outside   bool              // a step that runs each time uses it
		read      bool
	}
	uses := map[*Buffer]*use{}
	at := func(b *Buffer) *use {
		r := b.Root()
		if uses[r] == nil {
			uses[r] = &use{}
		}
		return uses[r]
	}
	for _, s := range steps {
		for _, list := range [][]*Buffer{s.Reads, s.LateReads, s.Writes} {
			for _, b := range list {
				u := at(b)
				u.outside = u.outside || s.Once == nil || b.Keep || b.Root().Keep
			}
		}
	}
	for i := range slices.Backward(steps) { // readers come after what they read
		s := &steps[i]
		if s.Once == nil {
			continue
		}
		variables := s.Once.variables
		for _, b := range s.Writes {
			u := at(b)
			if r := b.Root(); !u.outside && u.read && r.Arena {
				b.Persistent, r.Persistent = false, false
				variables = union(variables, u.variables)
			}
		}
		if len(variables) > len(s.Once.variables) {
			s.Once = NewOnce(variables)
		}
		for _, list := range [][]*Buffer{s.Reads, s.LateReads} {
			for _, b := range list {
				u := at(b)
				u.variables, u.read = union(u.variables, variables), true
			}
		}
	}
}

// union returns the variables of both lists, each once, in their order.
func union(a, b []*graph.Variable) []*graph.Variable {
	all := slices.Clip(a)
	for _, v := range b {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}
