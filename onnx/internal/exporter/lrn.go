package exporter

import "github.com/strideml/stride/graph"

// lrn is LRN, whose windows are the same for odd sizes. With an even size, or without
// pixels, it is made of an average over channels.
func lrn(c *call, o graph.LRNOp) string {
	x := c.node.Inputs()[0]
	if o.Size%2 == 1 && len(x.Shape()) == 4 {
		return c.op("LRN", []string{c.in(0)}, number("size", o.Size), float("alpha", o.Alpha), float("beta", o.Beta), float("bias", o.K))
	}
	dims := c.dims(x)
	pixels := 1
	for _, d := range dims[2:] {
		pixels *= d.size
	}
	image := []dim{dims[0], {1, false}, dims[1], {pixels, false}}
	squares := c.reshape(c.op("Mul", []string{c.in(0), c.in(0)}), dims, image)
	mean := c.op("AveragePool", []string{squares},
		ints("kernel_shape", o.Size, 1), ints("pads", o.Size/2, 0, (o.Size-1)/2, 0), number("count_include_pad", 1))
	s := c.op("Add", []string{c.op("Mul", []string{c.reshape(mean, image, dims), c.scalar(o.Alpha)}), c.scalar(o.K)})
	return c.op("Div", []string{c.in(0), c.op("Pow", []string{s, c.scalar(o.Beta)})})
}
