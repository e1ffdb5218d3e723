package exec

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Plan is what the compiler makes of a graph.
type Plan struct {
	// Steps run in this order.
	Steps []Step
	// Arena lists all buffers that steps write, in an order that is the same
	// whenever the graph is compiled.
	Arena []*Buffer
	// Inputs are the buffers of the graph's inputs, nil for those that no step
	// reads.
	Inputs []*Buffer
	// Outputs hold the results in row-major order.
	Outputs []Output
	// Variables are those that steps read or, if a buffer of Arena is an alias of
	// theirs, write.
	Variables []Variable
	// Commits are copied at the end of a run. Assigned are all variables that a
	// run changes.
	Commits  []Commit
	Assigned []*graph.Variable
	// ReductionOrder identifies the order of sums, see [Program.ReductionOrder].
	ReductionOrder uint64
}

// An Output is a result: Size elements of a buffer from Offset on. Node is the node
// of the compiled graph whose value it is.
type Output struct {
	Node         *graph.Node
	Buf          *Buffer
	Offset, Size int
}

// A Variable is a variable and the buffer whose Data is its value.
type Variable struct {
	Variable *graph.Variable
	Buf      *Buffer
}

// A Commit copies a computed value, from element Offset of a buffer on, into a variable at
// the end of a run.
type Commit struct {
	From   *Buffer
	Offset int
	To     *Buffer
}

// A Binding says which nodes Run takes and returns tensors for, and in how many parts
// it computes a batch.
type Binding struct {
	// Inputs and Outputs are the nodes that Run is given tensors for. Their tensors
	// are Parts times as large as the buffers of the plan, which computes one part
	// of the batch.
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
	inputBufs  []*Buffer        // nil for inputs that no step reads
	outputs    []Output
	variables  []boundVariable
	commits    []Commit
	assigned   []*graph.Variable
	steps      []Step
	order      uint64
	replicated *replicas    // for parts of the batch, or nil
	anyBatch   *batchShapes // if it computes batches of several sizes
	programs   []*Program   // itself and the replicas of the other workers
	closed     bool
	observer   Observer // while the program is profiled or traced

	// The program's part of the memory that all programs of the workers share.
	number        int         // of its reservation
	bound         int         // generation of the memory that Data of the buffers is in
	arenaFloats   int         // its size
	placed        []*Buffer   // buffers with a place of their own
	aliases       []*Buffer   // buffers in the place of another
	scratchAt     int         // offset of the scratch memory
	scratchFloats int         // of each worker
	scratch       [][]float32 // one for each worker
	kept          *kept
	persistent    []*Buffer       // those of kept, if it is that of another program
	shares        bool            // kept is that of another program
	cleanup       runtime.Cleanup // gives the memory back if the program is dropped without Close
}

var _ engine.Program = (*Program)(nil)

// boundVariable is a variable and the buffers in its memory: buf is what steps read,
// direct is where they compute its new value in place. lastReader is the last step that
// reads it if none but steps with Once do, otherwise −1.
type boundVariable struct {
	variable   *graph.Variable
	buf        *Buffer
	direct     []*Buffer
	lastReader int
}

var errClosed = errors.New("cpu: program is closed")

// New makes a program for workers. If compile is not nil, it is called once for each
// further worker to make its replica: it must compile the same graph again, as plans
// hold buffers. New fails if compile does or returns a different plan, if a step has
// more than MaxTasks tasks, or if there is not enough memory.
func New(w *Workers, b Binding, plan *Plan, compile func() (*Plan, error)) (*Program, error) {
	return newWhole(w, b, plan, compile, nil)
}

// Replicate makes a program for other workers that computes the same and shares
// what outlives a run, such as packed weights. plan and compile are as for New, of
// the same graph; owner as in a Binding. The two programs may run at the same time.
func (p *Program) Replicate(w *Workers, owner any, plan *Plan, compile func() (*Plan, error)) (*Program, error) {
	if p.finishes() {
		return nil, errors.New("cpu: a program that adds up over a group cannot be replicated")
	}
	k := p.kept
	k.mu.Lock()
	closed := k.users == 0
	if !closed {
		k.users++ // so that p may be closed meanwhile
	}
	k.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	b := p.Binding
	b.Owner = owner
	q, err := newWhole(w, b, plan, compile, k)
	if err != nil {
		return nil, errors.Join(err, k.release())
	}
	return q, nil
}

// newWhole makes a program with its replicas and reserves memory for it.
func newWhole(w *Workers, b Binding, plan *Plan, compile func() (*Plan, error), k *kept) (*Program, error) {
	p, err := newProgram(w, b, plan, k, w.size)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Program, error) {
		if k == nil {
			err = errors.Join(err, p.kept.release())
		}
		return nil, err
	}
	if compile != nil {
		if err := p.replicate(compile); err != nil {
			return fail(err)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.number, err = w.memory.reserve(p.sharedFloats()); err != nil {
		return fail(err)
	}
	// A run may hold the lock for long, and other cleanups wait for this one.
	// There is no one to tell of an error.
	p.cleanup = runtime.AddCleanup(p, func(h held) { go func() { _ = h.release() }() }, held{w, p.number, p.kept})
	return p, nil
}

// held is the memory of a program that the garbage collector does not manage.
type held struct {
	workers *Workers
	number  int // in the memory that programs share
	kept    *kept
}

// release frees the memory, after the current run. It fails if the system does.
func (h held) release() error {
	h.workers.mu.Lock()
	defer h.workers.mu.Unlock()
	return errors.Join(h.workers.memory.release(h.number), h.kept.release())
}

// newProgram makes a program that has scratch memory for some of the workers, and
// that shares k, if it is not nil.
func newProgram(w *Workers, b Binding, plan *Plan, k *kept, scratches int) (*Program, error) {
	p := &Program{
		Binding: b, workers: w, fed: make([]*tensor.Tensor, len(b.Inputs)), inputBufs: plan.Inputs, outputs: plan.Outputs,
		commits: plan.Commits, assigned: plan.Assigned, steps: plan.Steps, order: plan.ReductionOrder, kept: k, shares: k != nil,
		scratch: make([][]float32, scratches),
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
	if err := checkKept(p.steps); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	if err := p.planMemory(plan.Arena); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	p.findLastReaders()
	return p, nil
}

// Run implements engine.Program.
func (p *Program) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	if p.closed {
		return errClosed
	}
	defer clear(p.fed)
	parts, err := p.arrange(feeds, outputs)
	if err != nil {
		return err
	}
	p.bind()
	if err := p.refresh(); err != nil {
		return err
	}
	defer p.kept.mu.RUnlock()
	alone := p.alone(parts)
	if alone > 0 {
		p.replicated.do(p.workers, alone, p.fed, outputs)
	}
	p.workers.scratch = p.scratch
	for part := alone; part < parts; part++ {
		if err := p.pass(p.fed, outputs, part); err != nil {
			return err
		}
	}
	for _, q := range p.programs {
		if q.observer != nil {
			q.observer.EndRun()
		}
	}
	for _, c := range p.commits {
		copy(c.To.Data, c.From.Data[c.Offset:])
	}
	for _, v := range p.assigned {
		v.Changed()
	}
	return nil
}

// bindVariables sets Data of the variables' buffers. It fails if a variable has changed
// its shape, or if its value was released and each run needs it.
func (p *Program) bindVariables() error {
	for _, v := range p.variables {
		if v.variable.Value.Released() {
			if v.lastReader < 0 {
				return errReleased(v)
			}
			v.buf.Data = nil
			continue
		}
		if err := v.variable.Value.Fetch(); err != nil {
			return fmt.Errorf("cpu: variable %q: %w", v.variable.Name, err)
		}
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

// pass runs the steps for one part of the batch, but for those whose results are
// kept. It fails if a step does.
func (p *Program) pass(inputs, outputs []*tensor.Tensor, part int) error {
	p.take(inputs, part)
	for i := range p.steps {
		s := &p.steps[i]
		if s.Once != nil {
			continue
		}
		p.step(i, s)
		if s.Finish == nil {
			continue
		}
		if err := s.Finish(); err != nil {
			for _, later := range p.steps[i+1:] {
				if later.Finish != nil {
					_ = later.Finish() // the first error says what is wrong
				}
			}
			return fmt.Errorf("cpu: %v: %w", s.Node, err)
		}
	}
	p.give(outputs, part)
	return nil
}

// finishes reports whether steps can fail. Such a program cannot be replicated: what its
// steps begin outside of it is in the order of one program.
func (p *Program) finishes() bool {
	return slices.ContainsFunc(p.steps, func(s Step) bool { return s.Finish != nil })
}

// step runs one step on all workers.
func (p *Program) step(i int, s *Step) {
	if p.observer == nil {
		p.workers.do(s.Tasks, s.Run)
		return
	}
	p.observer.Step(i, s, false, func(run func(task int, scratch []float32)) { p.workers.do(s.Tasks, run) })
}

// take sets Data of the inputs' buffers to a part of the batch.
func (p *Program) take(inputs []*tensor.Tensor, part int) {
	for i, b := range p.inputBufs {
		if b != nil {
			b.Data = inputs[i].Data()[part*b.Size : (part+1)*b.Size]
		}
	}
}

// give copies the results of a part of the batch to the outputs.
func (p *Program) give(outputs []*tensor.Tensor, part int) {
	for i, o := range p.outputs {
		copy(outputs[i].Data()[part*o.Size:(part+1)*o.Size], o.Buf.Data[o.Offset:])
	}
}

// Close implements engine.Program. Without it the memory is released when the garbage
// collector frees the program.
func (p *Program) Close() error {
	p.workers.mu.Lock()
	closed := p.closed
	p.closed, p.steps = true, nil
	p.workers.mu.Unlock()
	if closed {
		return nil
	}
	p.cleanup.Stop()
	return held{p.workers, p.number, p.kept}.release()
}

// sharedFloats is how much of the shared memory the program and its replicas use.
func (p *Program) sharedFloats() (floats int) {
	for _, q := range p.programs {
		floats += q.arenaFloats
	}
	return floats
}

// KeptBytes returns the part of MemoryBytes that is kept between runs, such as packed
// weights. Of programs that share it the one that it was made for counts it.
func (p *Program) KeptBytes() int64 { return 4 * int64(p.keptFloats()) }

// MemoryBytes returns the memory that the program needs, scratch memory
// included. Programs of a device share most of it.
func (p *Program) MemoryBytes() int64 { return 4 * int64(p.sharedFloats()+p.keptFloats()) }

// ReductionOrder identifies how the program cuts sums into partial sums. Partial sums
// are computed where their arguments are, so they may differ between graphs that define
// the same values. If two programs for such graphs have the same order, they compute
// the same bits.
func (p *Program) ReductionOrder() uint64 { return p.order }
