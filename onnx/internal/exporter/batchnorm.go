package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
)

// batchNorm is part of the layer before it, or else BatchNormalization. With
// statistics that depend on the input it is made of elementwise operators.
func batchNorm(c *call, o graph.BatchNormOp) string {
	x, stats, gamma, beta := c.node.Inputs()[0], c.node.Inputs()[1], c.node.Inputs()[2], c.node.Inputs()[3]
	if !c.fixed[stats] || !c.fixed[gamma] || !c.fixed[beta] {
		return c.normalized(o)
	}
	if !c.opts.KeepBatchNorm {
		if value, ok := c.foldBatchNorm(o); ok {
			return value
		}
	}
	mean, variance := c.statistics(stats)
	return c.op("BatchNormalization", []string{c.value(x), c.value(gamma), c.value(beta), mean, variance}, float("epsilon", o.Eps))
}

// statistics returns the mean and the variance of a normalization as two values.
func (c *call) statistics(stats *graph.Node) (mean, variance string) {
	if o, ok := stats.Op().(graph.ConcatOp); ok && o.Axis == 0 && len(stats.Inputs()) == 2 {
		m, v := row(stats.Inputs()[0]), row(stats.Inputs()[1])
		if m != nil && v != nil {
			return c.value(m), c.value(v)
		}
	}
	t := c.tensor(stats)
	channels := t.Shape()[1]
	name := func(s string) string {
		if c.node.Path() == "" {
			return s
		}
		return c.node.Path() + "." + s
	}
	return c.floats(name("running_mean"), t.Data()[:channels], channels), c.floats(name("running_var"), t.Data()[channels:], channels)
}

// row returns the vector of which n is the matrix of one row, or nil.
func row(n *graph.Node) *graph.Node {
	if _, ok := n.Op().(graph.ReshapeOp); ok && len(n.Inputs()[0].Shape()) == 1 && n.Shape()[0] == 1 {
		return n.Inputs()[0]
	}
	return nil
}

// foldBatchNorm emits the convolution or the linear layer before the normalization
// with weights that do both. It returns false if there is none, or if its output is
// used elsewhere too.
func (c *call) foldBatchNorm(o graph.BatchNormOp) (string, bool) {
	x := c.node.Inputs()[0]
	layer, bias := c.weighted(x)
	if layer == nil || c.uses[x] > 1 || !c.fixed[layer.Inputs()[1]] || bias != nil && !c.fixed[bias] {
		return "", false
	}
	scale, shift := c.affine(o)
	w := c.foldInto(layer, bias, scale, shift)
	c = &call{c.exporter, layer}
	switch op := layer.Op().(type) {
	case graph.Conv2DOp:
		return c.conv(op, c.in(0), w.weight, w.bias), true
	case graph.ConvTranspose2DOp:
		return c.convTranspose(op, c.in(0), w.weight, w.bias), true
	}
	return c.op("Gemm", []string{c.in(0), w.weight, w.bias}, number("transB", 1)), true
}

// weighted takes apart a convolution or a linear layer: it returns the node with the
// weight and the bias, nil if there is none.
func (e *exporter) weighted(n *graph.Node) (layer, bias *graph.Node) {
	if product, bias, ok := e.linearLayer(n); ok {
		return product, bias
	}
	if _, ok := n.Op().(graph.Conv2DOp); ok {
		if len(n.Inputs()) == 3 {
			bias = n.Inputs()[2]
		}
		return n, bias
	}
	return e.transposedConv(n)
}

// affine returns the normalization of each channel as a factor and a summand.
func (c *call) affine(o graph.BatchNormOp) (scale, shift []float64) {
	stats, gamma, beta := c.tensor(c.node.Inputs()[1]).Data(), c.tensor(c.node.Inputs()[2]).Data(), c.tensor(c.node.Inputs()[3]).Data()
	for i := range gamma {
		mean, variance := float64(stats[i]), float64(stats[len(gamma)+i])
		s := float64(gamma[i]) / math.Sqrt(variance+float64(o.Eps))
		scale, shift = append(scale, s), append(shift, float64(beta[i])-mean*s)
	}
	return scale, shift
}

// normalized is gamma·(x−mean)/√(variance+Eps) + beta.
func (c *call) normalized(o graph.BatchNormOp) string {
	x := c.node.Inputs()[0]
	channels := x.Shape()[1]
	column := plain(append([]int{1, channels}, ones(len(x.Shape())-2)...)...)
	stats := func(i int) string {
		part := c.slice(c.in(1), 0, i, i+1, 1)
		return c.reshape(part, plain(1, channels), column)
	}
	perChannel := func(i int) string { return c.reshape(c.in(i), plain(channels), column) }
	y := c.divided(c.op("Sub", []string{c.in(0), stats(0)}), stats(1), o.Eps)
	return c.scaled(y, perChannel(2), perChannel(3))
}

func ones(n int) []int {
	out := make([]int, max(n, 0))
	for i := range out {
		out[i] = 1
	}
	return out
}

// batchStats is the mean and the biased variance of each channel.
func batchStats(c *call, _ graph.BatchStatsOp) string {
	axes := []int{0}
	for i := 2; i < len(c.node.Inputs()[0].Shape()); i++ {
		axes = append(axes, i)
	}
	channels := c.node.Shape()[1]
	mean, _, variance := c.moments(c.in(0), axes)
	kept := plain(append([]int{1, channels}, ones(len(axes)-1)...)...)
	matrix := plain(1, channels)
	return c.op("Concat", []string{c.reshape(mean, kept, matrix), c.reshape(variance, kept, matrix)}, number("axis", 0))
}
