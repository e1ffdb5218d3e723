package exporter

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// fakeQuantize is QuantizeLinear and DequantizeLinear. Of what does not depend on the input, such as weights, the
// file has the integers, and there is DequantizeLinear alone. Integers that ONNX has no type for are
// written as the formula of graph.FakeQuantizeOp.
func fakeQuantize(c *call, o graph.FakeQuantizeOp) string {
	inputs := c.node.Inputs()
	x, scale, zero := inputs[0], inputs[1], inputs[2]
	typ := proto.Int8
	if o.Min >= 0 {
		typ = proto.Uint8
	}
	axis, ok := quantizationAxis(x.Shape(), scale.Shape(), zero.Shape())
	whole := o == graph.Int8 || o == graph.Uint8
	fits := o.Min >= math.MinInt8 && o.Max <= math.MaxInt8 || o.Min >= 0 && o.Max <= math.MaxUint8
	if !ok || !c.fixed[scale] || !c.fixed[zero] || !whole && !(fits && c.fixed[x]) {
		return c.rounded(o)
	}
	s, z := c.tensor(scale), c.tensor(zero)
	if c.err != nil {
		return ""
	}
	shape := []int{s.Size()}
	if axis < 0 {
		shape = nil
	}
	zeros := make([]byte, s.Size())
	for i := range zeros {
		zeros[i] = byte(int(z.Data()[i%z.Size()]))
	}
	name := c.quantizedName(x)
	parameters := []string{c.floats(name+"_scale", s.Data(), shape...), c.bytes(name+"_zero_point", typ, zeros, shape...)}
	var attributes []*proto.Attribute
	if axis >= 0 {
		attributes = append(attributes, number("axis", axis))
	}
	var q string
	if c.fixed[x] {
		q = c.bytes(name+"_quantized", typ, integers(o, c.tensor(x), s, z, axis), x.Shape()...)
	} else {
		q = c.op("QuantizeLinear", append([]string{c.value(x)}, parameters...), attributes...)
	}
	return c.op("DequantizeLinear", append([]string{q}, parameters...), attributes...)
}

// quantizationAxis returns the axis for whose indices there are scales, −1 if there is one scale for all. ok is false if
// they are for something else.
func quantizationAxis(x, scale, zero tensor.Shape) (axis int, ok bool) {
	if scale.Size() == 1 {
		return -1, zero.Size() == 1
	}
	axis = -1
	for i, n := range scale {
		at := len(x) - len(scale) + i
		switch {
		case n == 1:
		case axis >= 0 || n != x[at]:
			return 0, false
		default:
			axis = at
		}
	}
	return axis, zero.Size() == 1 || zero.Equal(scale)
}

// quantizedName is the name of the integers of x: that of a variable if it is one.
func (c *call) quantizedName(x *graph.Node) string {
	if v, ok := x.Op().(graph.VariableOp); ok {
		return v.Variable.Name
	}
	if path := c.node.Path(); path != "" {
		return path
	}
	return "value"
}

// integers rounds a tensor.
func integers(o graph.FakeQuantizeOp, x, scale, zero *tensor.Tensor, axis int) []byte {
	q := make([]byte, x.Size())
	inner := x.Size()
	if axis >= 0 {
		inner = x.Shape()[axis+1:].Size()
	}
	for i, v := range x.Data() {
		k := i / inner % scale.Size()
		r := math.RoundToEven(float64(v/scale.Data()[k])) + float64(zero.Data()[k%zero.Size()])
		q[i] = byte(int(max(float64(o.Min), min(r, float64(o.Max)))))
	}
	return q
}

// bytes adds integers of one byte under this name or a similar one, which it returns.
func (e *exporter) bytes(name string, typ proto.DataType, data []byte, shape ...int) string {
	name = e.unique(name)
	e.graph.Initializers = append(e.graph.Initializers, &proto.Tensor{Name: name, Type: typ, Dims: int64s(shape), Raw: data})
	return name
}

// rounded writes the formula of graph.FakeQuantizeOp.
func (c *call) rounded(o graph.FakeQuantizeOp) string {
	x, scale, zero := c.in(0), c.in(1), c.in(2)
	q := c.op("Add", []string{c.op("Round", []string{c.op("Div", []string{x, scale})}), zero})
	q = c.clip(q, float32(o.Min), float32(o.Max))
	return c.op("Mul", []string{c.op("Sub", []string{q, zero}), scale})
}
