package exec

// An Observer sees each step of a program while it runs.
type Observer interface {
	// Step runs step i by calling do with s.Run or with a function around it.
	// alone tells that one worker does all of its tasks, at the same time as
	// others do those of their replicas, each with an observer of its own.
	Step(i int, s *Step, alone bool, do func(run func(task int, scratch []float32)))
	// EndRun is called at the end of each run of the program, also for replicas
	// that had no part of it.
	EndRun()
}

// Observe gives the program and each of its replicas an observer.
func (p *Program) Observe(observer func(q *Program) Observer) error {
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	if p.closed {
		return errClosed
	}
	for _, q := range p.programs {
		q.observer = observer(q)
	}
	return nil
}

// Unobserve takes the observers away, then calls f while no run is under way.
func (p *Program) Unobserve(f func()) {
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	for _, q := range p.programs {
		q.observer = nil
	}
	f()
}

// Inspect calls f while no run is under way, and returns an error if the program
// is closed.
func (p *Program) Inspect(f func()) error {
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	if p.closed {
		return errClosed
	}
	f()
	return nil
}

// Steps returns the steps, nil once the program is closed.
func (p *Program) Steps() []Step { return p.steps }

// Results returns where the outputs lie. Their nodes are of the same graph as those
// of the steps: not Binding.Outputs if the batch is computed in parts.
func (p *Program) Results() []Output { return p.outputs }

// Workers returns the workers that run the program.
func (p *Program) Workers() *Workers { return p.workers }

// Replicas returns the program itself and those of the other workers.
func (p *Program) Replicas() []*Program { return p.programs }

// ScratchFloats is the size of the scratch memory of one worker.
func (p *Program) ScratchFloats() int { return p.scratchFloats }
