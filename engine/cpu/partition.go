package cpu

import (
	"fmt"
	"hash/fnv"
)

// notePartition records how a sum over rows is cut up: into the tasks of a
// step of the given name. Steps of one name cut the same rows the same way.
func (c *compiler) notePartition(step string, tasks, rows int) {
	h := fnv.New64a()
	fmt.Fprintln(h, c.partition, step, tasks, rows)
	c.partition = h.Sum64()
}

// ReductionOrder implements engine.ReductionOrderer. Sums are gathered where
// their arguments are made, so it may differ between graphs that define the same
// values.
func (p *program) ReductionOrder() uint64 { return p.partition }
