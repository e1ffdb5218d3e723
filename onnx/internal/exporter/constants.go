package exporter

import (
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// input refuses inputs other than the images, whose value Export knows.
func input(c *call, o graph.InputOp) string {
	c.fail(c.node, "the network has an input %q beside its images, which cannot be written", o.Name)
	return ""
}

// variable is an initializer with the variable's name.
func variable(c *call, o graph.VariableOp) string {
	if twin := c.twins[c.node].Op().(graph.VariableOp).Variable; twin != o.Variable {
		c.fail(c.node, "it is %q for one batch size and %q for another. Fix the batch size", o.Variable.Name, twin.Name)
	}
	return c.initializer(c.variable[o.Variable], o.Variable.Value.Data(), o.Variable.Value.Shape()...)
}

// constant is an initializer. A constant that has a part for each sample is repeated
// from one part, if all are the same.
func constant(c *call, o graph.ConstantOp) string {
	twin := c.twins[c.node].Op().(graph.ConstantOp).Value
	dims := c.dims(c.node)
	one, other := o.Value, twin
	for i, d := range dims {
		if d.perN {
			one, other = c.repeated(one, i), c.repeated(other, i)
		}
	}
	if c.err != nil {
		return ""
	}
	if !sameBits(one.Data(), other.Data()) {
		c.fail(c.node, "the values of a constant of shape %v depend on the batch size", c.node.Shape())
		return ""
	}
	value := c.constantOf(one)
	if c.perBatch(c.node) {
		value = c.op("Expand", []string{value, c.shapeOf(dims)})
	}
	return value
}

// constantOf is an initializer without a name of its own.
func (c *call) constantOf(t *tensor.Tensor) string {
	if t.Rank() == 0 {
		return c.scalar(t.Data()[0])
	}
	name := "Constant"
	if c.node.Path() != "" {
		name = c.node.Path() + "/Constant"
	}
	return c.floats(name, t.Data(), t.Shape()...)
}

// repeated returns the first part of a tensor along an axis. It fails unless all parts
// are the same.
func (c *call) repeated(t *tensor.Tensor, axis int) *tensor.Tensor {
	if c.err != nil {
		return t
	}
	first := tensor.Must(t.Slice(axis, 0, 1))
	for i := range t.Shape()[axis] {
		if part := tensor.Must(t.Slice(axis, i, i+1)); !sameBits(part.Data(), first.Data()) {
			c.fail(c.node, "a constant of shape %v has other values for each sample", t.Shape())
			break
		}
	}
	return first
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// folded computes a node that does not depend on the input, and makes it an
// initializer. A parameter that is only reshaped keeps its name.
func (e *exporter) folded(n *graph.Node) string {
	t := e.tensor(n)
	if e.err != nil {
		return ""
	}
	if twin := e.tensor(e.twins[n]); e.err == nil && !sameBits(t.Data(), twin.Data()) {
		e.fail(n, "the values of a constant of shape %v depend on the batch size", n.Shape())
		return ""
	}
	if _, ok := n.Op().(graph.ReshapeOp); ok {
		if _, ok := n.Inputs()[0].Op().(graph.VariableOp); ok {
			return e.initializer(e.foldedName(n.Inputs()[0], ""), t.Data(), t.Shape()...)
		}
	}
	name := n.Op().Kind()
	if n.Path() != "" {
		name = n.Path() + "/" + name
	}
	return e.floats(name, t.Data(), t.Shape()...)
}

// tensor returns the value of a node that does not depend on the input.
func (e *exporter) tensor(n *graph.Node) *tensor.Tensor {
	switch op := n.Op().(type) {
	case graph.VariableOp:
		return op.Variable.Value
	case graph.ConstantOp:
		return op.Value
	}
	feeds := engine.Feeds{}
	for _, in := range n.Graph().Inputs() { // a program wants all, also those that it does not use
		feeds[in] = tensor.New(in.Shape()...)
	}
	results, err := engine.Run(cpu.OrDefault(nil), feeds, n)
	if err != nil {
		e.fail(n, "compute a constant: %w", err)
		return tensor.New(n.Shape()...)
	}
	return results[0]
}

// initializer adds a tensor under exactly this name.
func (e *exporter) initializer(name string, data []float32, shape ...int) string {
	e.graph.Initializers = append(e.graph.Initializers, &proto.Tensor{
		Name: name, Type: proto.Float, Dims: int64s(shape), FloatData: data,
	})
	return name
}

// floats adds a tensor under this name or a similar one, which it returns.
func (e *exporter) floats(name string, data []float32, shape ...int) string {
	return e.initializer(e.unique(name), data, shape...)
}

// scalar returns a float constant of rank 0.
func (e *exporter) scalar(v float32) string {
	key := fmt.Sprintf("float %x", math.Float32bits(v))
	if e.shared[key] == "" {
		e.shared[key] = e.floats("constant", []float32{v})
	}
	return e.shared[key]
}

// int64Scalar returns a constant of type int64 and rank 0.
func (e *exporter) int64Scalar(v int) string {
	key := fmt.Sprint("int64 scalar ", v)
	if e.shared[key] == "" {
		e.shared[key] = e.unique("constant")
		e.graph.Initializers = append(e.graph.Initializers, &proto.Tensor{Name: e.shared[key], Type: proto.Int64, Int64Data: []int64{int64(v)}})
	}
	return e.shared[key]
}

// int64s returns a constant of type int64 and rank 1.
func (e *exporter) int64s(v ...int) string {
	key := fmt.Sprint("int64 ", v)
	if e.shared[key] == "" {
		e.shared[key] = e.unique("constant")
		e.graph.Initializers = append(e.graph.Initializers, &proto.Tensor{
			Name: e.shared[key], Type: proto.Int64, Dims: []int64{int64(len(v))}, Int64Data: int64s(v),
		})
	}
	return e.shared[key]
}
