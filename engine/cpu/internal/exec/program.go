package exec

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Plan is what the compiler makes of a graph.
type Plan struct {
	// Steps run in this order.
	Steps []Step
	// Arena lists all buffers that steps may write, in the order in which they
	// were asked for.
	Arena []*Buffer
	// Inputs are the buffers of the graph's inputs, nil for those that nobody
	// reads.
	Inputs []*Buffer
	// Outputs hold the results in row-major order.
	Outputs []Output
	// Variables are read and, if a buffer is an alias of theirs, written.
	Variables []Variable
	// Commits are copied at the end of a run. Assigned are all variables that a
	// run changes.
	Commits  []Commit
	Assigned []*graph.Variable
	// ReductionOrder identifies how sums are cut up, see [Program].
	ReductionOrder uint64
}

// An Output is a result: Size elements of a buffer from Offset on. Node is the node
// of the compiled graph whose value it is.
type Output struct {
	Node         *graph.Node
	Buf          *Buffer
	Offset, Size int
}

// A Variable is a variable and the buffer that stands for its memory.
type Variable struct {
	Variable *graph.Variable
	Buf      *Buffer
}

// A Commit copies a computed value into a variable at the end of a run.
type Commit struct{ From, To *Buffer }

// A Binding says what the program of a plan computes for whom.
type Binding struct {
	// Inputs and Outputs are the nodes that Run is given tensors for. If the batch
	// is computed in Parts, theirs are so many times as large as the plan's.
	Inputs, Outputs []*graph.Node
	Parts           int
	// Owner is kept alive as long as the program.
	Owner any
}

// A Program is a plan with memory. It implements engine.Program.
type Program struct {
	Binding
	workers    *Workers
	fed        []*tensor.Tensor // of the inputs, during a run
	inputBufs  []*Buffer        // nil for inputs that nobody reads
	outputs    []Output
	variables  []boundVariable
	commits    []Commit
	assigned   []*graph.Variable
	steps      []Step
	order      uint64
	replicated *replicas  // for parts of the batch, or nil
	programs   []*Program // itself and the replicas of the other workers
	closed     bool
	observer   Observer // while the program is profiled or traced

	// Memory that the device's programs share, under this number: places of
	// buffers, of those that share them, and of the workers' scratch memory.
	number        int
	bound         int // generation of the memory that the places are in
	arenaFloats   int
	placed        []*Buffer
	aliases       []*Buffer
	scratchAt     int
	scratchFloats int         // of each worker
	scratch       [][]float32 // one for each worker
	// Memory of what outlives a run.
	own        *arena
	ownFloats  int
	persistent []*Buffer
	cleanup    runtime.Cleanup // gives the memory back if nobody closes the program
}

var _ engine.Program = (*Program)(nil)

// boundVariable is a variable and the buffers that stand for its memory: buf
// where it is read, direct where its new value is computed in place.
type boundVariable struct {
	variable *graph.Variable
	buf      *Buffer
	direct   []*Buffer
}

var errClosed = errors.New("cpu: program is closed")

// New makes a program for workers, with a replica for each of them if compile
// is not nil: that compiles the same graph again, as plans hold buffers.
func New(w *Workers, b Binding, plan *Plan, compile func() (*Plan, error)) (*Program, error) {
	p, err := newProgram(w, b, plan, nil)
	if err != nil {
		return nil, err
	}
	if compile != nil {
		if err := p.replicate(compile); err != nil {
			return nil, errors.Join(err, p.own.free())
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.number, err = w.memory.reserve(p.sharedFloats()); err != nil {
		return nil, errors.Join(err, p.own.free())
	}
	// A run may hold the lock for long, and other cleanups wait for this one.
	p.cleanup = runtime.AddCleanup(p, func(h held) { go h.release() }, held{w, p.number, p.own})
	return p, nil
}

// held is the memory of a program, which the garbage collector does not see.
type held struct {
	workers *Workers
	number  int // in the memory that programs share
	own     *arena
}

// release gives the memory back.
func (h held) release() error {
	h.workers.mu.Lock()
	defer h.workers.mu.Unlock()
	return errors.Join(h.workers.memory.release(h.number), h.own.free())
}

// newProgram makes a program. If there is a first one it is a replica of that,
// for one worker, and has its packed weights.
func newProgram(w *Workers, b Binding, plan *Plan, first *Program) (*Program, error) {
	p := &Program{
		Binding: b, workers: w, fed: make([]*tensor.Tensor, len(b.Inputs)), inputBufs: plan.Inputs, outputs: plan.Outputs,
		commits: plan.Commits, assigned: plan.Assigned, steps: plan.Steps, order: plan.ReductionOrder,
	}
	p.programs = []*Program{p}
	for _, v := range plan.Variables {
		p.variables = append(p.variables, boundVariable{variable: v.Variable, buf: v.Buf})
	}
	for _, s := range p.steps {
		if s.Tasks > MaxTasks {
			return nil, fmt.Errorf("cpu: step %s of %v has %d tasks, at most %d are possible", s.Name, s.Node, s.Tasks, MaxTasks)
		}
	}
	if err := p.planMemory(plan.Arena, first); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	return p, nil
}

// Run implements engine.Program.
func (p *Program) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	if err := engine.CheckOutputs(p.Outputs, outputs); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	if p.closed {
		return errClosed
	}
	defer clear(p.fed)
	if err := feeds.Arrange(p.Inputs, p.fed); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	for _, q := range p.programs {
		if err := q.bindVariables(); err != nil {
			return err
		}
	}
	p.bind()
	if p.replicated != nil && p.replicated.ready() {
		p.replicated.do(p.workers, p.Parts, p.fed, outputs)
	} else {
		p.workers.scratch = p.scratch
		for part := range p.Parts {
			p.pass(p.fed, outputs, part)
		}
	}
	for _, q := range p.programs {
		if q.observer != nil {
			q.observer.EndRun()
		}
	}
	for _, c := range p.commits {
		copy(c.To.Data, c.From.Data)
	}
	for _, v := range p.assigned {
		v.Changed()
	}
	return nil
}

// bindVariables finds the memory of the variables.
func (p *Program) bindVariables() error {
	for _, v := range p.variables {
		v.buf.Data = v.variable.Value.Data()
		if len(v.buf.Data) != v.buf.Size {
			return fmt.Errorf("cpu: variable %q has changed its shape since the program was compiled", v.variable.Name)
		}
		for _, b := range v.direct {
			b.Data = v.buf.Data
		}
	}
	return nil
}

// pass runs the steps for one part of the batch.
func (p *Program) pass(inputs, outputs []*tensor.Tensor, part int) {
	p.take(inputs, part)
	for i := range p.steps {
		s := &p.steps[i]
		if s.Once != nil && s.Once.fresh() {
			continue
		}
		if p.observer == nil {
			p.workers.do(s.Tasks, s.Run)
			continue
		}
		p.observer.Step(i, s, false, func(run func(task int, scratch []float32)) { p.workers.do(s.Tasks, run) })
	}
	p.give(outputs, part)
}

// take makes a part of the arguments those of the steps.
func (p *Program) take(inputs []*tensor.Tensor, part int) {
	for i, b := range p.inputBufs {
		if b != nil {
			b.Data = inputs[i].Data()[part*b.Size : (part+1)*b.Size]
		}
	}
}

// give stores a part of the results.
func (p *Program) give(outputs []*tensor.Tensor, part int) {
	for i, o := range p.outputs {
		copy(outputs[i].Data()[part*o.Size:(part+1)*o.Size], o.Buf.Data[o.Offset:])
	}
}

// Close implements engine.Program. The memory of a program that is dropped without
// it is given back when the garbage collector finds that.
func (p *Program) Close() error {
	p.workers.mu.Lock()
	closed := p.closed
	p.closed, p.steps = true, nil
	p.workers.mu.Unlock()
	if closed {
		return nil
	}
	p.cleanup.Stop()
	return held{p.workers, p.number, p.own}.release()
}

// sharedFloats is the part of the device's memory that the program uses.
func (p *Program) sharedFloats() (floats int) {
	for _, q := range p.programs {
		floats += q.arenaFloats
	}
	return floats
}

// KeptBytes returns the part of MemoryBytes that the program shares with no
// other: weights that stay packed between runs.
func (p *Program) KeptBytes() int64 { return 4 * int64(p.ownFloats) }

// MemoryBytes returns the memory that the program needs, scratch memory
// included. Programs of a device share most of it.
func (p *Program) MemoryBytes() int64 { return 4 * int64(p.sharedFloats()+p.ownFloats) }

// ReductionOrder identifies the partial sums of which the program makes its
// sums. Sums are gathered where their arguments are made, so they may be cut up
// differently in graphs that define the same values; if two programs for such
// graphs have the same order, they compute the same bits.
func (p *Program) ReductionOrder() uint64 { return p.order }
