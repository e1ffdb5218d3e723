package exporter

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// layerNorm is LayerNormalization from opset 17 on, and before that its formula.
func layerNorm(c *call, o graph.LayerNormOp) string {
	if c.opts.Opset >= 17 {
		return c.op("LayerNormalization", c.all(), number("axis", -o.Axes), float("epsilon", o.Eps))
	}
	rank := len(c.node.Shape())
	var axes []int
	for a := rank - o.Axes; a < rank; a++ {
		axes = append(axes, a)
	}
	_, centred, variance := c.moments(c.in(0), axes)
	return c.scaled(c.divided(centred, variance, o.Eps), c.in(1), c.in(2))
}

// moments returns the mean of x along the axes, x less that, and the biased variance.
// The axes are kept.
func (c *call) moments(x string, axes []int) (mean, centred, variance string) {
	mean = c.reduce("ReduceMean", x, axes, true)
	centred = c.op("Sub", []string{x, mean})
	return mean, centred, c.reduce("ReduceMean", c.op("Mul", []string{centred, centred}), axes, true)
}

// divided is x/√(variance+eps).
func (c *call) divided(x, variance string, eps float32) string {
	return c.op("Div", []string{x, c.op("Sqrt", []string{c.op("Add", []string{variance, c.scalar(eps)})})})
}

// scaled is x·scale + shift.
func (c *call) scaled(x, scale, shift string) string {
	return c.op("Add", []string{c.op("Mul", []string{x, scale}), shift})
}

// groupNorm is InstanceNormalization for groups of one channel, and GroupNormalization
// from opset 21 on: before, that has another meaning. Otherwise the groups become the
// channels of an InstanceNormalization, as in PyTorch's exporter. ONNX's operators
// compute the statistics, too.
func groupNorm(c *call, o graph.GroupNormOp) string {
	dims, channels := c.dims(c.node), c.node.Shape()[1]
	eps := float("epsilon", o.Eps)
	switch {
	case o.Groups == channels && len(dims) > 2:
		return c.op("InstanceNormalization", []string{c.in(0), c.in(2), c.in(3)}, eps)
	case c.opts.Opset >= 21 && len(dims) > 2:
		return c.op("GroupNormalization", []string{c.in(0), c.in(2), c.in(3)}, number("num_groups", o.Groups), eps)
	}
	rows := groupRows(dims, o.Groups)
	y := c.op("InstanceNormalization", []string{c.reshape(c.in(0), dims, rows), c.full(1, o.Groups), c.full(0, o.Groups)}, eps)
	perChannel := plain(append([]int{channels}, ones(len(dims)-2)...)...)
	gamma := c.reshape(c.in(2), plain(channels), perChannel)
	beta := c.reshape(c.in(3), plain(channels), perChannel)
	return c.scaled(c.reshape(y, rows, dims), gamma, beta)
}

// groupRows is the shape N×groups×m of N×C×….
func groupRows(dims []dim, groups int) []dim {
	m := 1
	for _, d := range dims[1:] {
		m *= d.size
	}
	return []dim{dims[0], {groups, false}, {m / groups, false}}
}

// full is a vector of equal numbers.
func (c *call) full(v float32, n int) string { return c.constantOf(tensor.Full(v, n)) }

// groupStats is the mean and the biased variance of each group: N×2×groups.
func groupStats(c *call, o graph.GroupStatsOp) string {
	dims := c.dims(c.node.Inputs()[0])
	rows := c.reshape(c.in(0), dims, groupRows(dims, o.Groups))
	mean, _, variance := c.moments(rows, []int{2})
	stats := c.op("Concat", []string{mean, variance}, number("axis", 2))
	return c.op("Transpose", []string{stats}, ints("perm", 0, 2, 1))
}
