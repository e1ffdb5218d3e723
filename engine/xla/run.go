package xla

import (
	"fmt"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/tensor"
)

// A run is one that was started. Programs use them again.
type run struct {
	program *program
	wait    func() error // is end

	done    event
	results []array
	copies  []event // of the outputs to the host
	before  []assignment
}

// Run implements engine.Program.
func (p *program) Run(feeds engine.Feeds, outputs []*tensor.Tensor) error {
	r, err := p.start(feeds, outputs)
	if err != nil {
		return err
	}
	return r.end()
}

// Start implements engine.Starter.
func (p *program) Start(feeds engine.Feeds, outputs []*tensor.Tensor) (wait func() error, err error) {
	r, err := p.start(feeds, outputs)
	if err != nil {
		return nil, err
	}
	return r.wait, nil
}

// start begins a run. Runs of a device begin one after the other.
func (p *program) start(feeds engine.Feeds, outputs []*tensor.Tensor) (*run, error) {
	if err := feeds.Arrange(p.inputs, p.fed); err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	if err := engine.CheckOutputs(p.outputs, outputs); err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	p.device.order.Lock()
	defer p.device.order.Unlock()
	if err := p.usable(); err != nil {
		return nil, fmt.Errorf("xla: %w", err)
	}
	r := p.take()
	if err := p.execute(r); err != nil {
		p.give(r)
		return nil, fmt.Errorf("xla: %w", p.device.explain(err, p.graph))
	}
	// What fails from here on is an error of wait: the run has begun.
	for i, t := range outputs {
		copied, err := r.results[i].get(t.Data())
		if err != nil {
			copied = failed{err}
		}
		p.device.meter.fromDevice(t.Size())
		r.copies = append(r.copies, copied)
	}
	return r, nil
}

// execute copies the inputs to the device and begins an execution. Variables have
// their new values at once, for those who come later.
func (p *program) execute(r *run) (err error) {
	defer p.closeInputs()
	if err := p.bind(); err != nil {
		return err
	}
	if !p.proven.Load() {
		// If memory does not suffice, that shows now. The old values must not be lost then.
		for i := range p.assigned {
			if err := p.assigned[i].record.value.Fetch(); err != nil {
				return err
			}
		}
	}
	r.results, r.done, err = p.executable.execute(p.list)
	if err != nil {
		for _, a := range p.assigned {
			a.record.taken(a.variable, err)
		}
		return err
	}
	for _, a := range p.assigned {
		r.before = append(r.before, a.record.assign(r.results[a.result], a.variable))
	}
	r.results = r.results[:len(p.outputs)] // the others are the records' now
	return nil
}

// bind fills the list of arguments.
func (p *program) bind() error {
	for i := range p.arguments {
		a := &p.arguments[i]
		var err error
		switch {
		case a.variable != nil:
			a.record = p.device.records.of(a.record, a.variable)
			p.list[i], err = p.device.variable(a.record, a.variable, a.shape)
		case a.constant != nil:
			p.list[i] = a.constant
		default:
			p.list[i], err = p.device.put(p.fed[a.input].Data(), a.shape, a.split)
		}
		if err != nil {
			return err
		}
	}
	for i := range p.assigned {
		a := &p.assigned[i]
		a.record = p.device.records.of(a.record, a.variable)
	}
	return nil
}

// closeInputs releases the inputs on the device, which an execution keeps as long as it needs
// them.
func (p *program) closeInputs() {
	for i, a := range p.arguments {
		if a.input >= 0 && p.list[i] != nil {
			p.list[i].close()
		}
		p.list[i] = nil
	}
	clear(p.fed)
}

// end waits for the outputs.
func (r *run) end() (err error) {
	p := r.program
	for _, c := range r.copies {
		if e := c.Await(); e != nil && err == nil {
			err = e
		}
	}
	if err != nil || len(r.copies) == 0 {
		if e := r.done.Await(); e != nil {
			err = e
		}
	}
	for _, a := range r.results {
		a.close()
	}
	if err != nil {
		err = fmt.Errorf("xla: %w", p.device.explain(err, p.graph))
		p.device.order.Lock()
		for i, a := range p.assigned {
			r.before[i].fail(a.variable, err)
		}
		p.device.order.Unlock()
	}
	if err == nil {
		p.proven.Store(true)
	}
	p.give(r)
	return err
}

// take returns a run that is not in use.
func (p *program) take() *run {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.waiting); n > 0 {
		r := p.waiting[n-1]
		p.waiting = p.waiting[:n-1]
		return r
	}
	r := &run{program: p}
	r.wait = r.end
	return r
}

// give returns a run for use by another.
func (p *program) give(r *run) {
	r.done, r.results = nil, nil
	clear(r.copies)
	r.copies, r.before = r.copies[:0], r.before[:0]
	p.mu.Lock()
	p.waiting = append(p.waiting, r)
	p.mu.Unlock()
}

// failed is an event that has failed.
type failed struct{ err error }

func (f failed) Await() error { return f.err }
