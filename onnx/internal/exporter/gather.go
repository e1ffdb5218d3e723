package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
)

// gather is Slice if the indices are equally spaced, as of graph.SliceStep, and Gather
// otherwise.
func gather(c *call, o graph.GatherOp) string {
	start, step := o.Indices[0], 1
	if len(o.Indices) > 1 {
		step = o.Indices[1] - start
	}
	for i, index := range o.Indices {
		if index != start+i*step || step == 0 {
			return c.op("Gather", []string{c.in(0), c.int64s(o.Indices...)}, number("axis", o.Axis))
		}
	}
	stop := start + len(o.Indices)*step
	if stop < 0 { // a negative number would count from the end
		stop = math.MinInt64
	}
	return c.slice(c.in(0), o.Axis, start, stop, step)
}
