package exec

// An Observer sees each step of a program while it runs.
type Observer interface {
	// Step must run step i: it calls do with s.Run, or with a function that calls
	// s.Run. alone says that one worker does all tasks of the step, while other
	// workers do those of their replicas, each with its own observer.
	Step(i int, s *Step, alone bool, do func(run func(task int, scratch []float32)))
	// EndRun is called at the end of each run of the program, even for a replica
	// that computed nothing in it.
	EndRun()
}

// Observe gives the program and each of its replicas an observer, which it makes by
// calling observer. It fails if the program is closed.
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

// Unobserve removes the observers, then calls f before another run can begin.
func (p *Program) Unobserve(f func()) {
	p.workers.mu.Lock()
	defer p.workers.mu.Unlock()
	for _, q := range p.programs {
		q.observer = nil
	}
	f()
}

// Inspect calls f while no program of the workers runs. It fails if the program is
// closed.
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

// Replicas returns the program itself, which is the replica of the first worker, and
// the replicas of the other workers. Without replicas it is the program alone.
func (p *Program) Replicas() []*Program { return p.programs }

// ScratchFloats returns the size of the scratch memory of one worker.
func (p *Program) ScratchFloats() int { return p.scratchFloats }
