package exec

import (
	"errors"
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"slices"

	"github.com/strideml/stride/graph"
)

// A released variable is one of which the program needs nothing but what it keeps between
// runs: its value may go as soon as that is computed.
//
// Values are on the Go heap, packed weights are not. Without a collection the heap would
// have both until the process allocates as much as it holds already.

// ReleaseVariables implements engine.VariableReleaser.
func (p *Program) ReleaseVariables() error {
	if len(p.assigned) > 0 {
		return errors.New("cpu: a program that assigns to variables cannot release them")
	}
	p.workers.mu.Lock() // no run of this program sets Data of buffers meanwhile
	defer p.workers.mu.Unlock()
	if p.closed {
		return errClosed
	}
	k := p.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	k.releasing = true
	if k.upToDate() {
		p.releaseAll()
	}
	return nil
}

// ReleasedBytes implements engine.VariableReleaser.
func (p *Program) ReleasedBytes() int64 {
	p.kept.mu.RLock()
	defer p.kept.mu.RUnlock()
	return p.kept.released
}

// findLastReaders sets lastReader of the variables.
func (p *Program) findLastReaders() {
	for i := range p.variables {
		v := &p.variables[i]
		v.lastReader = -1
		reads := func(b *Buffer) bool { return b.Root() == v.buf }
		stays := len(v.direct) > 0 || slices.Contains(p.assigned, v.variable) ||
			slices.ContainsFunc(p.outputs, func(o Output) bool { return reads(o.Buf) })
		for j, s := range p.steps {
			if slices.ContainsFunc(s.Reads, reads) {
				v.lastReader = j
				stays = stays || s.Once == nil
			}
		}
		if stays {
			v.lastReader = -1
		}
	}
}

// release gives up the values of the variables that no step with Once reads after step i.
// The caller holds kept.mu for writing, and all steps with Once up to i are up to date.
func (p *Program) release(i int) {
	k := p.kept
	for _, v := range p.variables {
		if value := v.variable.Value; v.lastReader == i && !value.Released() {
			size := 4 * int64(value.Size())
			value.Release()
			for _, q := range p.programs {
				q.forget(v.variable)
			}
			k.released += size
			k.garbage += size
		}
	}
	if k.garbage > leastGarbage && k.garbage > heapBytes()/8 {
		k.garbage = 0
		debug.FreeOSMemory()
	}
}

// releaseAll is release for all steps, when all with Once are up to date.
func (p *Program) releaseAll() {
	for i := range p.steps {
		p.release(i)
	}
}

// leastGarbage is how much must have been released before the garbage is collected.
const leastGarbage = 4 << 20

// heapBytes is the memory of the objects on the Go heap.
func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// forget drops the program's slices of a variable's value.
func (p *Program) forget(variable *graph.Variable) {
	for _, v := range p.variables {
		if v.variable == variable {
			v.buf.Data = nil
		}
	}
}

// checkReleased reports a step that must run again and reads a variable whose value was
// released. The caller holds kept.mu for writing.
func (p *Program) checkReleased() error {
	for _, s := range p.steps {
		if s.Once == nil || s.Once.upToDate() {
			continue
		}
		for _, v := range p.variables {
			if v.variable.Value.Released() && slices.ContainsFunc(s.Reads, func(b *Buffer) bool { return b.Root() == v.buf }) {
				return errReleased(v)
			}
		}
	}
	return nil
}

func errReleased(v boundVariable) error {
	return fmt.Errorf("cpu: the value of variable %q was released after another program or an earlier run had packed it", v.variable.Name)
}
