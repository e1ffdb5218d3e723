package exec

import (
	"github.com/strideml/stride/tensor"
)

// If a batch is computed in parts (microbatches), each worker can compute whole parts
// alone, from the first step to the last, in memory of its own. Workers then run
// without barriers, and no cache line moves between cores: between cores that do not
// share a cache, that takes longer than reading from memory.

// Evenly reports whether workers that compute parts alone have about as many parts
// each, so that replicas are worth their memory.
func Evenly(parts, workers int) bool {
	return workers > 1 && parts >= workers && (parts%workers == 0 || parts >= 4*workers)
}

// replicas are a program for each worker: the same steps, with memory of their own for
// all but what is kept between runs.
type replicas struct {
	programs        []*Program  // of the workers; the first one is that of New
	scratch         [][]float32 // the workers'
	inputs, outputs []*tensor.Tensor
	run             func(part int, scratch []float32)
}

// replicate compiles a replica for each of the other workers.
func (p *Program) replicate(compile func() (*Plan, error)) error {
	for range p.workers.size - 1 {
		plan, err := compile()
		if err != nil {
			return err
		}
		q, err := newProgram(p.workers, p.Binding, plan, p.kept, 1)
		if err != nil {
			return err
		}
		p.programs = append(p.programs, q)
	}
	r := &replicas{programs: p.programs, scratch: make([][]float32, len(p.programs))}
	r.run = func(part int, scratch []float32) { r.worker(scratch).runAlone(part, scratch, r.inputs, r.outputs) }
	p.replicated = r
	return nil
}

// do computes all parts of a batch.
func (r *replicas) do(w *Workers, parts int, inputs, outputs []*tensor.Tensor) {
	for i, p := range r.programs {
		r.scratch[i] = p.scratch[0]
	}
	w.scratch = r.scratch
	r.inputs, r.outputs = inputs, outputs
	w.do(parts, r.run)
	r.inputs, r.outputs = nil, nil
}

// worker returns the replica that scratch memory belongs to.
func (r *replicas) worker(scratch []float32) *Program {
	for _, p := range r.programs {
		if &p.scratch[0][0] == &scratch[0] {
			return p
		}
	}
	panic("cpu: scratch memory of no worker")
}

// runAlone computes one part of the batch.
func (p *Program) runAlone(part int, scratch []float32, inputs, outputs []*tensor.Tensor) {
	p.take(inputs, part)
	for i := range p.steps {
		s := &p.steps[i]
		if s.Once != nil {
			continue
		}
		if p.observer != nil {
			p.observer.Step(i, s, true, func(run func(task int, scratch []float32)) {
				for task := range s.Tasks {
					run(task, scratch)
				}
			})
			continue
		}
		for task := range s.Tasks {
			s.Run(task, scratch)
		}
	}
	p.give(outputs, part)
}
