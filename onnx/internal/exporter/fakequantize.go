package exporter

import "github.com/strideml/stride/graph"

// fakeQuantize writes the formula of graph.FakeQuantizeOp.
func fakeQuantize(c *call, o graph.FakeQuantizeOp) string {
	x, scale, zero := c.in(0), c.in(1), c.in(2)
	q := c.op("Add", []string{c.op("Round", []string{c.op("Div", []string{x, scale})}), zero})
	q = c.clip(q, float32(o.Min), float32(o.Max))
	return c.op("Mul", []string{c.op("Sub", []string{q, zero}), scale})
}
