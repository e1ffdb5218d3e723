package cpu

import (
	"github.com/strideml/stride/tensor"
)

// Where a batch is computed in parts, each worker computes parts of its own
// from the first step to the last, in memory of its own. Workers wait for nobody
// then, and no core reads or writes what another one has just written: where
// cores do not share a cache, that takes longer than going to memory.

// evenly reports whether workers that compute parts alone have about as many each.
func evenly(parts, workers int) bool {
	return workers > 1 && parts >= workers && (parts%workers == 0 || parts >= 4*workers)
}

// A crew is a program for each worker: the same steps, with places of their own for
// all but the packed weights.
type crew struct {
	programs        []*program  // of the workers, the first one's is the crew's
	scratch         [][]float32 // the workers'
	inputs, outputs []*tensor.Tensor
	run             func(part int, scratch []float32)
}

func newCrew(programs []*program) *crew {
	c := &crew{programs: programs, scratch: make([][]float32, len(programs))}
	c.run = func(part int, scratch []float32) { c.worker(scratch).runAlone(part, scratch, c.inputs, c.outputs) }
	return c
}

// ready reports whether weights are packed: that is done by all workers together.
func (c *crew) ready() bool {
	steps := c.programs[0].steps
	for i := range steps {
		if s := steps[i].pack; s != nil && !s.upToDate() {
			return false
		}
	}
	return true
}

// do computes the parts.
func (c *crew) do(t *team, parts int, inputs, outputs []*tensor.Tensor) {
	for i, p := range c.programs {
		c.scratch[i] = p.scratch[0]
	}
	t.scratch = c.scratch
	c.inputs, c.outputs = inputs, outputs
	t.do(parts, c.run)
	c.inputs, c.outputs = nil, nil
}

// worker returns the program that scratch memory belongs to.
func (c *crew) worker(scratch []float32) *program {
	for _, p := range c.programs {
		if &p.scratch[0][0] == &scratch[0] {
			return p
		}
	}
	panic("cpu: scratch memory of no worker")
}

// runAlone computes one part of the batch.
func (p *program) runAlone(part int, scratch []float32, inputs, outputs []*tensor.Tensor) {
	p.take(inputs, part)
	for i := range p.steps {
		s := &p.steps[i]
		if s.pack != nil {
			continue
		}
		if p.observer != nil {
			p.observer.runAlone(p.team, i, s, scratch)
			continue
		}
		for task := range s.tasks {
			s.run(task, scratch)
		}
	}
	p.give(outputs, part)
}
