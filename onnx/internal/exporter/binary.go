package exporter

import "github.com/strideml/stride/graph"

// binaryNames has the functions of two numbers whose result is a number.
var binaryNames = map[graph.BinaryKind]string{
	graph.KindAdd:     "Add",
	graph.KindSub:     "Sub",
	graph.KindMul:     "Mul",
	graph.KindDiv:     "Div",
	graph.KindMinimum: "Min",
	graph.KindMaximum: "Max",
	graph.KindPower:   "Pow",
}

// comparisons has those whose result is true or false.
var comparisons = map[graph.BinaryKind]string{
	graph.KindEqual:     "Equal",
	graph.KindLess:      "Less",
	graph.KindLessEqual: "LessOrEqual",
}

// binary is a function of two numbers. A bias behind a product is part of Gemm, and one
// behind a transposed convolution part of ConvTranspose.
func binary(c *call, o graph.BinaryOp) string {
	if product, bias := c.withBias(c.node); product != nil {
		p := &call{c.exporter, product}
		return p.gemm(product.Op().(graph.MatMulOp), p.in(0), p.in(1), c.value(bias))
	}
	if layer, bias := c.transposedConv(c.node); layer != nil {
		p := &call{c.exporter, layer}
		return p.convTranspose(layer.Op().(graph.ConvTranspose2DOp), p.in(0), p.in(1), c.value(bias))
	}
	if kind, ok := binaryNames[o.Func]; ok {
		return c.op(kind, c.all())
	}
	if kind, ok := comparisons[o.Func]; ok {
		value := c.op(kind, c.all())
		c.booleans[value] = ""
		return value
	}
	switch o.Func {
	case graph.KindFMod:
		return c.remainder()
	case graph.KindMod:
		r, b := c.remainder(), c.in(1)
		otherSign := c.op("Less", []string{c.op("Mul", []string{r, b}), c.scalar(0)})
		return c.op("Where", []string{otherSign, c.op("Add", []string{r, b}), r})
	}
	c.fail(c.node, "the function has no form in ONNX")
	return ""
}

// remainder is Mod with the sign of the first argument, the only one for floats.
func (c *call) remainder() string { return c.op("Mod", c.all(), number("fmod", 1)) }
