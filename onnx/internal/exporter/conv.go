package exporter

import (
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// conv2D is Conv.
func conv2D(c *call, o graph.Conv2DOp) string {
	inputs := c.node.Inputs()
	bias := ""
	if len(inputs) == 3 {
		bias = c.in(2)
	}
	return c.conv(o, c.in(0), c.in(1), bias)
}

// conv adds a Conv of these values.
func (c *call) conv(o graph.Conv2DOp, x, weight, bias string) string {
	w := c.node.Inputs()[1].Shape()
	return c.op("Conv", []string{x, weight, bias}, append(window(o.Window, [2]int{w[2], w[3]}),
		ints("dilations", o.Dilation[0], o.Dilation[1]), number("group", o.Groups))...)
}

// window is what convolutions and pooling have in common.
func window(w graph.Window, kernel [2]int) []*proto.Attribute {
	return []*proto.Attribute{
		ints("kernel_shape", kernel[0], kernel[1]),
		ints("strides", w.Stride[0], w.Stride[1]),
		ints("pads", w.Pad[0], w.Pad[1], w.Pad[0]+w.ExtraPad[0], w.Pad[1]+w.ExtraPad[1]),
	}
}

// scaledWeights are the weights and the bias of a layer with a batch normalization
// folded into them: what belongs to output channel o in the weight is multiplied by
// scale[o], and the bias becomes bias·scale + shift.
type scaledWeights struct{ weight, bias string }

// foldInto makes the initializers of a layer with folded batch normalization. The bias
// may be nil.
func (e *exporter) foldInto(layer, bias *graph.Node, scale, shift []float64) scaledWeights {
	weight := layer.Inputs()[1]
	from := e.tensor(weight)
	w := make([]float32, from.Size())
	channel := outputChannels(layer, from.Shape())
	for i, v := range from.Data() {
		w[i] = float32(float64(v) * scale[channel(i)])
	}
	b := make([]float32, len(scale))
	for i := range b {
		old := 0.0
		if bias != nil {
			old = float64(e.tensor(bias).Data()[i])
		}
		b[i] = float32(old*scale[i] + shift[i])
	}
	weightName := e.foldedName(weight, "weight")
	biasName := strings.TrimSuffix(weightName, "weight") + "bias"
	if bias != nil {
		biasName = e.foldedName(bias, "bias")
	} else {
		biasName = e.unique(biasName)
	}
	return scaledWeights{
		e.initializer(weightName, w, from.Shape()...),
		e.initializer(biasName, b, len(b)),
	}
}

// outputChannels returns the output channel of each element of a layer's weight. It is
// the first axis, except in transposed convolutions: the second one in each group there,
// and the groups are parts of the first.
func outputChannels(layer *graph.Node, weight tensor.Shape) func(i int) int {
	row := weight[1:].Size()
	o, ok := layer.Op().(graph.ConvTranspose2DOp)
	if !ok {
		return func(i int) int { return i / row }
	}
	inputs, outputs, area := weight[0]/o.Groups, weight[1], weight[2:].Size()
	return func(i int) int { return i/row/inputs*outputs + i/area%outputs }
}

// foldedName is the name of a changed weight: its own, if nothing else uses it.
func (e *exporter) foldedName(n *graph.Node, otherwise string) string {
	if v, ok := n.Op().(graph.VariableOp); ok {
		name := e.variable[v.Variable]
		if e.uses[n] == 1 {
			return name
		}
		return e.unique(name)
	}
	if n.Path() != "" {
		otherwise = n.Path() + "." + otherwise
	}
	return e.unique(otherwise)
}
