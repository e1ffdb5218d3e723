package exporter

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// convTranspose2D is ConvTranspose. The bias is an addition of its own in graphs; see
// binary.
func convTranspose2D(c *call, o graph.ConvTranspose2DOp) string {
	return c.convTranspose(o, c.in(0), c.in(1), "")
}

// convTranspose adds a ConvTranspose of these values.
func (c *call) convTranspose(o graph.ConvTranspose2DOp, x, weight, bias string) string {
	w := c.node.Inputs()[1].Shape()
	return c.op("ConvTranspose", []string{x, weight, bias}, append(window(o.Window, [2]int{w[2], w[3]}),
		ints("dilations", o.Dilation[0], o.Dilation[1]), ints("output_padding", o.OutputPad[0], o.OutputPad[1]), number("group", o.Groups))...)
}

// transposedConv takes apart what graph.ConvTranspose2D makes with fixed weights: it
// returns the transposed convolution and the bias, nil if there is none. Both are nil if
// n is something else, or if the convolution is used elsewhere too.
func (e *exporter) transposedConv(n *graph.Node) (conv, bias *graph.Node) {
	if _, ok := n.Op().(graph.ConvTranspose2DOp); ok {
		return n, nil
	}
	if o, ok := n.Op().(graph.BinaryOp); !ok || o.Func != graph.KindAdd {
		return nil, nil
	}
	conv, column := n.Inputs()[0], n.Inputs()[1]
	if _, ok := column.Op().(graph.ConvTranspose2DOp); ok {
		conv, column = column, conv
	}
	_, isConv := conv.Op().(graph.ConvTranspose2DOp)
	_, isReshape := column.Op().(graph.ReshapeOp)
	if !isConv || !isReshape || e.uses[conv] > 1 || !e.fixed[column] {
		return nil, nil
	}
	channels := conv.Shape()[1]
	bias = column.Inputs()[0]
	if !bias.Shape().Equal(tensor.Shape{channels}) || !column.Shape().Equal(tensor.Shape{channels, 1, 1}) {
		return nil, nil
	}
	return conv, bias
}
