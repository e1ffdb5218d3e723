package inspect

import (
	"io"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
)

// observer measures a program while it runs.
type observer struct {
	workers *exec.Workers
	runs    int
	times   []time.Duration // of each step, where all workers compute it together
	alone   []time.Duration // of each step, where the replica's worker computes it alone
	trace   *trace          // nil unless tasks are recorded
}

// Step implements exec.Observer.
func (o *observer) Step(i int, s *exec.Step, alone bool, do func(run func(task int, scratch []float32))) {
	run := s.Run
	if o.trace != nil && o.runs == 0 {
		run = o.trace.recording(o.workers, i, s)
	}
	start := time.Now()
	do(run)
	if took := time.Since(start); alone {
		o.alone[i] += took
	} else {
		o.times[i] += took
	}
}

// EndRun implements exec.Observer.
func (o *observer) EndRun() { o.runs++ }

// observers are those of a program and its replicas.
type observers map[*exec.Program]*observer

// observe sets the observers of a program. They record tasks if tasks is set.
func observe(p *exec.Program, tasks bool) (observers, error) {
	all, begin := observers{}, time.Now()
	err := p.Observe(func(q *exec.Program) exec.Observer {
		n := len(q.Steps())
		o := &observer{workers: q.Workers(), times: make([]time.Duration, n), alone: make([]time.Duration, n)}
		if tasks {
			o.trace = newTrace(q.Steps(), maxSlices, begin)
		}
		all[q] = o
		return o
	})
	return all, err
}

// joined returns the observer of a program with the results of those of its replicas:
// to the time of each step it adds the mean over the workers of the time that each
// computed it alone.
func (all observers) joined(p *exec.Program) *observer {
	o := all[p]
	for _, q := range p.Replicas() {
		for i, t := range all[q].alone {
			o.times[i] += t / time.Duration(p.Workers().Size())
		}
		if q != p && o.trace != nil {
			o.trace.others = append(o.trace.others, all[q].trace)
		}
	}
	return o
}

// StartProfile times each step of every run until stop is called. It fails if the
// program is closed.
func StartProfile(p *exec.Program) (stop func() *engine.Profile, err error) {
	all, err := observe(p, false)
	if err != nil {
		return nil, err
	}
	return func() (profile *engine.Profile) {
		p.Unobserve(func() { profile = profileOf(p, all.joined(p)) })
		return profile
	}, nil
}

// StartTrace records each task of the next run, which stop writes in the trace event
// format. If workers compute parts of a batch alone, the trace has the first part of
// each. It fails if the program is closed, stop if it cannot write.
func StartTrace(p *exec.Program) (stop func(w io.Writer) error, err error) {
	all, err := observe(p, true)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) (err error) {
		p.Unobserve(func() {
			o := all.joined(p)
			err = o.trace.write(w, profileOf(p, o))
		})
		return err
	}, nil
}

// profileOf returns the profile of a program.
func profileOf(p *exec.Program, o *observer) *engine.Profile {
	steps, threads, parts := p.Steps(), p.Workers().Size(), int64(p.Parts)
	profile := &engine.Profile{Runs: o.runs, Threads: threads, Stages: make([]engine.Stage, len(steps))}
	phases, live := phasesOf(p), liveFloats(p)
	backward := false // whether it has begun: conversions of forward values are part of it then
	for i := range steps {
		s := &steps[i]
		phase := phases[s.Node.ID()]
		backward = backward || phase == phaseBackward
		if backward && phase == phaseForward {
			phase = phaseBackward
		}
		profile.Stages[i] = engine.Stage{
			Name: s.Name, Node: s.Node.String(), Phase: phase.String(), Kind: kindOf(s, phase), Algorithm: s.Algorithm,
			Tasks: s.Tasks, FLOPs: parts * flopsOf(s), Bytes: parts * 4 * floatsOf(s), MemoryBytes: 4 * int64(live[i]+s.Scratch*threads),
		}
		if o.runs > 0 {
			profile.Stages[i].Seconds = o.times[i].Seconds() / float64(o.runs)
		}
	}
	return profile
}
