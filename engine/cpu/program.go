package cpu

import (
	"errors"
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A step is one stage of a plan: tasks calls of run, in any order and side by
// side. scratch is memory for the duration of the call.
type step struct {
	name string
	node *graph.Node
	// algorithm names the way that the main step of a convolution or product
	// was chosen to go, for profiles; "" for all other steps.
	algorithm string
	tasks     int
	run       func(task int, scratch []float32)
	scratch   int // floats that run needs
	reads     []*buffer
	writes    []*buffer
	// elementwise steps may write over an argument: they read each element
	// before they write the same one.
	elementwise bool
	// overwrites is the only argument of which that is true, of other steps.
	overwrites *buffer
	// readsLate are those of reads that the tail reads after a range of the
	// result is written.
	readsLate []*buffer
	pack      *packState    // for packing steps whose result may still be valid
	tail      *tail         // of elementwise steps
	outer     *outerProduct // of steps that are nothing else
}

// packState remembers of which versions of variables a persistent buffer was
// derived.
type packState struct {
	variables []*graph.Variable
	versions  []uint64
	valid     bool
}

// newPackState returns nil, for buffers that must be made in each run, if
// there are no variables.
func newPackState(variables []*graph.Variable) *packState {
	if len(variables) == 0 {
		return nil
	}
	return &packState{variables: variables, versions: make([]uint64, len(variables))}
}

// upToDate reports whether the buffer is still valid.
func (p *packState) upToDate() bool {
	for i, v := range p.variables {
		if p.versions[i] != v.Version() {
			return false
		}
	}
	return p.valid
}

// fresh reports whether the buffer is still valid, and takes note of the
// current versions for the next time.
func (p *packState) fresh() bool {
	fresh := p.upToDate()
	for i, v := range p.variables {
		p.versions[i] = v.Version()
	}
	p.valid = true
	return fresh
}

// program implements engine.Program.
type program struct {
	device     *Device // keeps the workers alive
	team       *team
	inputs     []*graph.Node
	fed        []*tensor.Tensor // of the inputs, during a run
	outputs    []*graph.Node
	parts      int       // of the batch, each of which goes through all steps
	inputBufs  []*buffer // nil for inputs that nobody reads
	outputVals []*value
	variables  []boundVariable
	commits    []commit
	assigned   []*graph.Variable
	steps      []step
	partition  uint64
	crew       *crew      // for parts of the batch, or nil
	programs   []*program // itself and, if there is a crew, those of the other workers
	closed     bool
	observer   *observer // while the program is profiled

	// Memory in the device's pool, under this number: places of buffers, of
	// those that share them, and of the workers' scratch memory.
	number        int
	bound         int // generation of the pool that the places are in
	poolFloats    int
	placed        []*buffer
	aliases       []*buffer
	scratchAt     int
	scratchFloats int         // of each worker
	scratch       [][]float32 // one for each worker
	// Memory of what outlives a run.
	own        *arena
	ownFloats  int
	persistent []*buffer
}

// boundVariable is a variable and the buffers that stand for its memory: buf
// where it is read, direct where its new value is computed in place.
type boundVariable struct {
	variable *graph.Variable
	buf      *buffer
	size     int
	direct   []*buffer
}

// commit copies a computed value into a variable at the end of a run.
type commit struct {
	from *buffer
	to   *buffer
}

var errClosed = errors.New("cpu: program is closed")

// Run implements engine.Program.
func (p *program) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	if err := engine.CheckOutputs(p.outputs, outputs); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	p.team.mu.Lock()
	defer p.team.mu.Unlock()
	if p.closed {
		return errClosed
	}
	inputs := p.fed
	defer clear(inputs)
	if err := feeds.Arrange(p.inputs, inputs); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	for _, q := range p.programs {
		if err := q.bindVariables(); err != nil {
			return err
		}
	}
	p.bind()
	if p.crew != nil && p.crew.ready() {
		p.crew.do(p.team, p.parts, inputs, outputs)
	} else {
		p.team.scratch = p.scratch
		for part := range p.parts {
			p.pass(inputs, outputs, part)
		}
	}
	if p.observer != nil {
		p.observer.runs++
	}
	for _, c := range p.commits {
		copy(c.to.data, c.from.data)
	}
	for _, v := range p.assigned {
		v.Changed()
	}
	return nil
}

// bindVariables finds the memory of the variables.
func (p *program) bindVariables() error {
	for _, v := range p.variables {
		v.buf.data = v.variable.Value.Data()
		if len(v.buf.data) != v.size {
			return fmt.Errorf("cpu: variable %q has changed its shape since the program was compiled", v.variable.Name)
		}
		for _, b := range v.direct {
			b.data = v.buf.data
		}
	}
	return nil
}

// pass runs the steps for one part of the batch.
func (p *program) pass(inputs, outputs []*tensor.Tensor, part int) {
	p.take(inputs, part)
	for i := range p.steps {
		s := &p.steps[i]
		if s.pack != nil && s.pack.fresh() {
			continue
		}
		if p.observer == nil {
			p.team.do(s.tasks, s.run)
		} else {
			p.observer.run(p.team, i, s)
		}
	}
	p.give(outputs, part)
}

// take makes a part of the arguments those of the steps.
func (p *program) take(inputs []*tensor.Tensor, part int) {
	for i, b := range p.inputBufs {
		if b != nil {
			b.data = inputs[i].Data()[part*b.size : (part+1)*b.size]
		}
	}
}

// give stores a part of the results.
func (p *program) give(outputs []*tensor.Tensor, part int) {
	for i, v := range p.outputVals {
		size := v.shape.Size()
		v.copyPlain(outputs[i].Data()[part*size : (part+1)*size])
	}
}

// Close implements engine.Program.
func (p *program) Close() error {
	p.team.mu.Lock()
	defer p.team.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	p.steps = nil
	return errors.Join(p.team.pool.release(p.number), p.own.free())
}

// sharedFloats is the part of the device's pool that the program uses.
func (p *program) sharedFloats() (floats int) {
	for _, q := range p.programs {
		floats += q.poolFloats
	}
	return floats
}

// KeptBytes implements engine.MemoryPlanner: weights that stay packed between
// runs.
func (p *program) KeptBytes() int64 { return 4 * int64(p.ownFloats) }

// MemoryBytes implements engine.MemoryPlanner. Programs of a device share most
// of it; see memoryPool.
func (p *program) MemoryBytes() int64 { return 4 * int64(p.sharedFloats()+p.ownFloats) }
