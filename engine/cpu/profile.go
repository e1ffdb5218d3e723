package cpu

import (
	"time"

	"github.com/strideml/stride/engine"
)

// What programs offer beyond engine.Program.
var (
	_ engine.MemoryPlanner    = (*program)(nil)
	_ engine.ReductionOrderer = (*program)(nil)
	_ engine.Profiler         = (*program)(nil)
	_ engine.Tracer           = (*program)(nil)
)

// observer measures a program while it runs.
type observer struct {
	runs  int
	times []time.Duration // of each step, by all workers together
	alone []time.Duration // and by the program's own worker alone
	trace *trace          // nil unless tasks are recorded
}

// recorded returns a step's run, which the trace, if there is one, takes note of.
func (o *observer) recorded(t *team, i int, s *step) func(task int, scratch []float32) {
	if o.trace != nil && o.runs == 0 {
		return o.trace.recording(t, i, s)
	}
	return s.run
}

// runAlone runs a step in one of several workers at the same time, all of which
// have their own observer.
func (o *observer) runAlone(t *team, i int, s *step, scratch []float32) {
	run := o.recorded(t, i, s)
	start := time.Now()
	for task := range s.tasks {
		run(task, scratch)
	}
	o.alone[i] += time.Since(start)
}

func (o *observer) run(t *team, i int, s *step) {
	run := o.recorded(t, i, s)
	start := time.Now()
	t.do(s.tasks, run)
	o.times[i] += time.Since(start)
}

// StartProfile implements engine.Profiler.
func (p *program) StartProfile() (stop func() *engine.Profile, err error) {
	if err := p.observe(false); err != nil {
		return nil, err
	}
	return func() *engine.Profile {
		p.team.mu.Lock()
		defer p.team.mu.Unlock()
		return p.profile(p.unobserved())
	}, nil
}

// observe sets the program's observer, which records tasks if asked.
func (p *program) observe(tasks bool) error {
	p.team.mu.Lock()
	defer p.team.mu.Unlock()
	if p.closed {
		return errClosed
	}
	begin := time.Now()
	for _, q := range p.programs {
		q.observer = &observer{times: make([]time.Duration, len(q.steps)), alone: make([]time.Duration, len(q.steps))}
		if tasks {
			q.observer.trace = newTrace(q.steps, maxSlices, begin)
		}
	}
	return nil
}

// unobserved ends the observation of a program and returns what was seen, with the
// mean of the workers' times where they computed alone.
func (p *program) unobserved() *observer {
	o := p.observer
	for _, q := range p.programs {
		for i, t := range q.observer.alone {
			o.times[i] += t / time.Duration(p.team.size)
		}
		if q != p && o.trace != nil {
			o.trace.others = append(o.trace.others, q.observer.trace)
		}
		q.observer = nil
	}
	return o
}

// profile describes the steps; o may be nil.
func (p *program) profile(o *observer) *engine.Profile {
	profile := &engine.Profile{Threads: p.team.size, Stages: make([]engine.Stage, len(p.steps))}
	phases, live := p.phases(), p.liveFloats()
	backward := false // begun: what is converted for it belongs to it
	for i := range p.steps {
		s := &p.steps[i]
		phase := phases[s.node.ID()]
		backward = backward || phase == phaseBackward
		if backward && phase == phaseForward {
			phase = phaseBackward
		}
		profile.Stages[i] = engine.Stage{
			Name: s.name, Node: s.node.String(), Phase: phase.String(), Kind: kindOf(s, phase), Algorithm: s.algorithm,
			Tasks: s.tasks, FLOPs: int64(p.parts) * flopsOf(s), Bytes: int64(p.parts) * 4 * s.floats(), MemoryBytes: 4 * int64(live[i]+s.scratch*p.team.size),
		}
		if o != nil && o.runs > 0 {
			profile.Runs = o.runs
			profile.Stages[i].Seconds = o.times[i].Seconds() / float64(o.runs)
		}
	}
	return profile
}
