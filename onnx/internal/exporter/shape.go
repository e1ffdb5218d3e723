package exporter

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// reshape is Reshape or Flatten.
func reshape(c *call, _ graph.ReshapeOp) string {
	return c.reshape(c.in(0), c.dims(c.node.Inputs()[0]), c.dims(c.node))
}

// broadcast is Expand. A size of 1 in its shape leaves the argument's.
func broadcast(c *call, _ graph.BroadcastOp) string {
	from, to := c.dims(c.node.Inputs()[0]), slices.Clone(c.dims(c.node))
	lead := len(to) - len(from)
	for i, d := range from {
		if d == to[lead+i] {
			to[lead+i] = dim{1, false}
		}
	}
	return c.op("Expand", []string{c.in(0), c.shapeOf(to)})
}

// slice is Slice. Its bounds may depend on the batch.
func slice(c *call, o graph.SliceOp) string {
	twin := c.twins[c.node].Op().(graph.SliceOp)
	if o.Axis != twin.Axis {
		c.fail(c.node, "the axis depends on the batch size")
	}
	bounds := c.symbolic(c.node, tensor.Shape{o.Start, o.Stop}, tensor.Shape{twin.Start, twin.Stop})
	return c.op("Slice", []string{c.in(0), c.shapeOf(bounds[:1]), c.shapeOf(bounds[1:]), c.int64s(o.Axis)})
}

// slice adds a Slice along one axis.
func (c *call) slice(x string, axis, start, stop, step int) string {
	inputs := []string{x, c.int64s(start), c.int64s(stop), c.int64s(axis)}
	if step != 1 {
		inputs = append(inputs, c.int64s(step))
	}
	return c.op("Slice", inputs)
}

// transpose is Transpose.
func transpose(c *call, o graph.TransposeOp) string {
	return c.op("Transpose", []string{c.in(0)}, ints("perm", o.Perm...))
}

// concat is Concat.
func concat(c *call, o graph.ConcatOp) string {
	return c.op("Concat", c.all(), number("axis", o.Axis))
}

// pad is Pad with a constant.
func pad(c *call, o graph.PadOp) string { return c.pad(c.in(0), o.Before, o.After, o.Value) }

func (c *call) pad(x string, before, after []int, value float32) string {
	inputs := []string{x, c.int64s(slices.Concat(before, after)...)}
	if math.Float32bits(value) != 0 {
		inputs = append(inputs, c.scalar(value))
	}
	return c.op("Pad", inputs)
}
