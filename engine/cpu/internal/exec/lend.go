package exec

import (
	"errors"

	"github.com/strideml/stride/engine/cpu/internal/work"
)

// ShareKept makes a program that has not run yet use what another one keeps between runs, where both
// keep the same: weights packed in one form. It returns the bytes that the program needs less. From
// then on the two keep their results up to date together, and each may be closed first. Nobody may
// have made other programs of this one yet.
func (p *Program) ShareKept(from *Program) (bytes int64, err error) {
	k, lender := p.kept, from.kept
	if k == lender {
		return 0, errors.New("cpu: a program cannot share with itself or with a copy of it")
	}
	if len(k.lenders) > 0 && k.mu != lender.mu {
		return 0, nil // there is one lock for all that share
	}
	lender.mu.Lock()
	defer lender.mu.Unlock()
	if lender.users == 0 || p.closed {
		return 0, errClosed
	}
	kept := from.keptContents()
	shared := map[*Buffer]*Buffer{}
	once := map[*Once]*Once{}
	for _, s := range p.steps {
		if other, ok := kept[s.Content]; ok && s.Content != "" && s.Once != nil && s.Writes[0].Persistent && k.owns(s.Writes[0]) {
			shared[s.Writes[0]], once[s.Once] = other.Writes[0], other.Once
		}
	}
	if len(shared) == 0 {
		return 0, nil
	}
	before := k.floats
	if err := k.shrink(shared); err != nil {
		return 0, err
	}
	for i, o := range k.steps {
		if other := once[o]; other != nil {
			k.steps[i] = other
		}
	}
	for _, q := range p.programs {
		for i := range q.steps {
			if other := once[q.steps[i].Once]; other != nil {
				q.steps[i].Once = other
			}
		}
		if q != p {
			q.takeKept(k)
		}
	}
	k.mu = lender.mu
	k.lenders = append(k.lenders, lender)
	lender.users++
	return 4 * int64(before-k.floats), nil
}

// keptContents returns the steps that have a content, by it.
func (p *Program) keptContents() map[string]Step {
	contents := map[string]Step{}
	for _, s := range p.steps {
		if s.Content != "" && s.Once != nil && s.Writes[0].Persistent {
			contents[s.Content] = s
		}
	}
	return contents
}

// shrink gives buffers the memory of others, and the rest memory of its own, which is smaller than
// before. Nothing has been written yet.
func (k *kept) shrink(shared map[*Buffer]*Buffer) error {
	floats := 0
	for _, b := range k.buffers {
		if shared[b] == nil && k.owns(b) {
			floats += roomFor(b)
		}
	}
	arena, memory, err := newArena(floats)
	if err != nil {
		return err
	}
	at := 0
	for _, b := range k.buffers {
		switch other := shared[b]; {
		case other != nil:
			b.Data = other.Data
			k.borrowed = append(k.borrowed, b)
		case k.owns(b):
			b.offset = at
			b.Data = memory[at : at+b.Size : at+b.Size+work.SlackFloats]
			at += roomFor(b)
		}
	}
	old := k.arena
	k.arena, k.floats = arena, floats
	return old.free()
}

// takeKept gives the buffers of a replica the memory of those of its program.
func (p *Program) takeKept(k *kept) {
	for i, b := range p.persistent {
		b.Data = k.buffers[i].Data
	}
}
