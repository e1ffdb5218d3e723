package cpu

import (
	"errors"
	"time"

	"github.com/strideml/stride/engine"
)

// A Stage is one step of a program: what it does and what it costs. Times are
// means over the runs that were measured.
type Stage struct {
	// Name says what the stage does, Node for which node of the graph.
	Name string `json:"stage"`
	Node string `json:"node"`
	// Phase is "forward", "backward" or "update".
	Phase string `json:"phase"`
	// Kind sums stages up: "convolution", "input gradient", "packing", …
	Kind string `json:"kind"`
	// Algorithm is the way that was chosen for a convolution or product.
	Algorithm string `json:"algorithm,omitempty"`
	// Tasks is the number of pieces that workers take.
	Tasks int `json:"tasks"`
	// Seconds is the time of a run. Packing of weights that did not change
	// takes none.
	Seconds float64 `json:"seconds"`
	// FLOPs counts the multiplications and additions of convolutions and
	// products as their definition has them, whatever the algorithm does: fast
	// algorithms may exceed the processor's peak. Everything else counts as 0.
	FLOPs int64 `json:"flops"`
	// Bytes is the size of what the stage reads and writes: it moves at least
	// that, through some level of the caches.
	Bytes int64 `json:"bytes"`
	// MemoryBytes is how much of the program's memory holds something needed
	// while the stage runs, its scratch memory included.
	MemoryBytes int64 `json:"memory_bytes"`
}

// A Profile says where a program spends its time.
type Profile struct {
	// Runs is how many runs were measured.
	Runs int `json:"runs"`
	// Threads is the number of threads that computed.
	Threads int `json:"threads"`
	// PeakGFLOPS is the most multiply-adds that the threads can do, in
	// GFLOP/s, or 0 if the caller did not measure it. See MeasurePeak.
	PeakGFLOPS float64 `json:"peak_gflops,omitempty"`
	// Stages are in the order in which they run.
	Stages []Stage `json:"stages"`
}

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

var errNotOurs = errors.New("cpu: only programs of this engine can be profiled")

// StartProfile measures where a program of this engine spends its time: until
// stop is called, each run is timed stage by stage. A program that is not
// profiled loses nothing.
func StartProfile(p engine.Program) (stop func() *Profile, err error) {
	prog, err := observed(p, false)
	if err != nil {
		return nil, err
	}
	return func() *Profile {
		prog.team.mu.Lock()
		defer prog.team.mu.Unlock()
		return prog.profile(prog.unobserved())
	}, nil
}

// observed sets a program's observer.
func observed(p engine.Program, tasks bool) (*program, error) {
	prog, ok := p.(*program)
	if !ok {
		return nil, errNotOurs
	}
	prog.team.mu.Lock()
	defer prog.team.mu.Unlock()
	if prog.closed {
		return nil, errClosed
	}
	begin := time.Now()
	for _, q := range prog.programs {
		q.observer = &observer{times: make([]time.Duration, len(q.steps)), alone: make([]time.Duration, len(q.steps))}
		if tasks {
			q.observer.trace = newTrace(q.steps, maxSlices, begin)
		}
	}
	return prog, nil
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
func (p *program) profile(o *observer) *Profile {
	profile := &Profile{Threads: p.team.size, Stages: make([]Stage, len(p.steps))}
	phases, live := p.phases(), p.liveFloats()
	backward := false // begun: what is converted for it belongs to it
	for i := range p.steps {
		s := &p.steps[i]
		phase := phases[s.node.ID()]
		backward = backward || phase == phaseBackward
		if backward && phase == phaseForward {
			phase = phaseBackward
		}
		profile.Stages[i] = Stage{
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

// Seconds is the time of a run in all stages.
func (p *Profile) Seconds() (total float64) {
	for _, s := range p.Stages {
		total += s.Seconds
	}
	return total
}

// A KindTotal is what all stages of a kind cost together.
type KindTotal struct {
	Kind    string  `json:"kind"`
	Phase   string  `json:"phase"`
	Stages  int     `json:"stages"`
	Seconds float64 `json:"seconds"`
	FLOPs   int64   `json:"flops"`
	Bytes   int64   `json:"bytes"`
}

// Kinds adds the stages up by kind and phase, in the order in which those
// first run.
func (p *Profile) Kinds() []KindTotal {
	var totals []KindTotal
	at := map[[2]string]int{}
	for _, s := range p.Stages {
		key := [2]string{s.Kind, s.Phase}
		i, ok := at[key]
		if !ok {
			i = len(totals)
			at[key] = i
			totals = append(totals, KindTotal{Kind: s.Kind, Phase: s.Phase})
		}
		t := &totals[i]
		t.Stages++
		t.Seconds += s.Seconds
		t.FLOPs += s.FLOPs
		t.Bytes += s.Bytes
	}
	return totals
}
