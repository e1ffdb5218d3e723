package exporter

import "github.com/strideml/stride/graph"

// convTranspose2D is ConvTranspose without a bias.
func convTranspose2D(c *call, o graph.ConvTranspose2DOp) string {
	w := c.node.Inputs()[1].Shape()
	return c.op("ConvTranspose", []string{c.in(0), c.in(1)}, append(window(o.Window, [2]int{w[2], w[3]}),
		ints("dilations", o.Dilation[0], o.Dilation[1]), ints("output_padding", o.OutputPad[0], o.OutputPad[1]), number("group", o.Groups))...)
}
