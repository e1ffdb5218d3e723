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

// Partition identifies the partial sums of which the program makes its sums
// over rows. Sums are gathered where their arguments are made, so they may be
// cut up differently in graphs that define the same values; if two programs
// for such graphs have the same partition, they compute the same bits.
func (p *program) Partition() uint64 { return p.partition }
