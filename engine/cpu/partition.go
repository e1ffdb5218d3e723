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

// ReductionOrder identifies the order in which the program adds up its sums over
// rows, that is, the partial sums that they are made of. Graphs that define the
// same values may be compiled to different orders, because sums are gathered
// where their arguments are made. Two programs for such graphs compute the same
// bits if their reduction orders are equal.
func (p *program) ReductionOrder() uint64 { return p.partition }
