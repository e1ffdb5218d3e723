package operators

import (
	"math"
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// Integers of quantized networks are numbers in the graph, as all integers. QuantizeLinear followed by
// DequantizeLinear of the same scale and zero point is graph.FakeQuantize, which engines may compute
// with integers.

// FakeQuantized rounds a weight to the integers that the file has of it. Arguments: the weight as floats, scale
// and zero point.
var FakeQuantized = &Operator{Name: "FakeQuantize", Arguments: 2, Attributes: words("axis"), Weights: []int{0}, build: fakeQuantized}

func registerQuantization() {
	register(
		Operator{Name: "QuantizeLinear", Since: 10, Arguments: 2, Attributes: words("axis saturate output_dtype"), build: quantizeLinear},
		Operator{Name: "DequantizeLinear", Since: 10, Arguments: 2, Attributes: words("axis"), build: dequantizeLinear},
	)
}

// A rounding is what a value of integers was rounded from.
type rounding struct {
	x, dequantized *graph.Node // dequantized is made when it is first asked for
	scale, zero    *Value      // zero may be nil
	op             graph.FakeQuantizeOp
}

// ranges has the integers of the types that QuantizeLinear can make.
var ranges = map[proto.DataType]graph.FakeQuantizeOp{
	proto.Int8: graph.Int8, proto.Uint8: graph.Uint8,
	proto.Int16: {Min: math.MinInt16, Max: math.MaxInt16}, proto.Uint16: {Min: 0, Max: math.MaxUint16},
}

func quantizeLinear(c *Call) []*Value {
	typ := proto.Uint8
	if t := c.Int("output_dtype", 0); t != 0 {
		typ = proto.DataType(t)
	}
	r := &rounding{x: c.x(), scale: c.In[1]}
	if c.has(2) {
		r.zero, typ = c.In[2], c.In[2].Type
	}
	op, ok := ranges[typ]
	if !ok {
		c.unsupported("y_zero_point", typ, "integers of 8 and 16 bits are")
	}
	r.op = op
	scale, zero := c.quantization(r.x.Shape())
	whole := graph.Add(graph.Round(graph.Div(r.x, scale)), zero)
	v := NodeValue(graph.Clip(whole, float32(op.Min), float32(op.Max)), typ)
	v.rounded = r
	return []*Value{v}
}

func dequantizeLinear(c *Call) []*Value {
	var zero *Value
	if c.has(2) {
		zero = c.In[2]
	}
	if r := c.In[0].rounded; r != nil && sameNumbers(r.scale, c.In[1]) && sameNumbers(r.zero, zero) {
		if r.dequantized == nil {
			s, z := c.quantization(r.x.Shape())
			r.dequantized = graph.FakeQuantize(r.x, s, z, r.op)
		}
		return []*Value{NodeValue(r.dequantized, proto.Float)}
	}
	x := c.x()
	s, z := c.quantization(x.Shape())
	return []*Value{NodeValue(graph.Mul(graph.Sub(x, z), s), proto.Float)}
}

func fakeQuantized(c *Call) []*Value {
	x := c.x()
	op := graph.Int8
	if c.has(2) {
		op = ranges[c.In[2].Type]
	}
	s, z := c.quantization(x.Shape())
	return []*Value{NodeValue(graph.FakeQuantize(x, s, z, op), proto.Float)}
}

// quantization returns the scale and the zero point, arguments 1 and 2, in the shape in which they are broadcast to x: one
// number, or one for each index of an axis.
func (c *Call) quantization(x tensor.Shape) (scale, zero *graph.Node) {
	if scale, zero = c.parameter(1, x), c.scalar(0); c.has(2) {
		zero = c.parameter(2, x)
	}
	return scale, zero
}

// parameter is argument i in the shape in which it is broadcast to x. Engines see that it is a constant if it is known.
func (c *Call) parameter(i int, x tensor.Shape) *graph.Node {
	v, shape := c.In[i], tensor.Shape{}
	switch {
	case v.Shape.Size() == 1:
	case len(v.Shape) == 1:
		axis := c.axisOf(c.Int("axis", 1), len(x))
		if v.Shape[0] != x[axis] {
			c.fail("%d scales or zero points for %d indices of axis %d", v.Shape[0], x[axis], axis)
		}
		shape = slices.Repeat([]int{1}, len(x))
		shape[axis] = v.Shape[0]
	default:
		c.unsupported("scale", v.Shape, "one number or a vector is")
	}
	if v.Known != nil {
		return c.Graph.Constant(tensor.Must(tensor.FromSlice(v.Known.Float32s(), shape...)))
	}
	return graph.Reshape(c.arg(i), shape...)
}

// sameNumbers reports whether two values are the same, or equal constants. nil is zero.
func sameNumbers(a, b *Value) bool {
	switch {
	case a == b:
		return true
	case a == nil:
		return allZero(b)
	case b == nil:
		return allZero(a)
	case a.Known == nil || b.Known == nil || a.Known.Size() != b.Known.Size():
		return false
	}
	for i := range a.Known.Size() {
		if a.Known.Float(i) != b.Known.Float(i) {
			return false
		}
	}
	return true
}

func allZero(v *Value) bool {
	if v.Known == nil {
		return false
	}
	for i := range v.Known.Size() {
		if v.Known.Float(i) != 0 {
			return false
		}
	}
	return true
}
