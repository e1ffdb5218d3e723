package operators

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// A Value is what a name of the file stands for while a graph is built: a node, or a constant
// whose elements are known, or both.
type Value struct {
	// Type is the type of the elements in the file. In the graph all are float32, and bools
	// are 0 and 1.
	Type proto.DataType
	// Shape has sizes of 0 for constants only.
	Shape tensor.Shape
	// Known has the elements, if they are known.
	Known *constant.Tensor
	// Fixed says that the value depends on neither inputs nor parameters.
	Fixed bool
	// Weight is the name of the weight of the file that the value is; "" for others.
	Weight string

	rounded *rounding // of the result of QuantizeLinear

	node  *graph.Node
	build func(g *graph.Graph) *graph.Node // makes the node when it is first asked for
}

// NodeValue returns the value of a node.
func NodeValue(n *graph.Node, typ proto.DataType) *Value {
	return &Value{Type: typ, Shape: n.Shape(), node: n}
}

// KnownValue returns the value of a constant.
func KnownValue(t *constant.Tensor) *Value {
	return &Value{Type: t.Type, Shape: t.Shape, Known: t, Fixed: true}
}

// LazyValue returns the value of a node that is made when it is first needed. fixed says
// that it depends on neither inputs nor parameters.
func LazyValue(shape tensor.Shape, fixed bool, build func(g *graph.Graph) *graph.Node) *Value {
	return &Value{Type: proto.Float, Shape: shape, Fixed: fixed, build: build}
}

// Node returns the value's node in the graph.
func (v *Value) Node(g *graph.Graph) *graph.Node {
	switch {
	case v.node != nil:
	case v.build != nil:
		v.node = v.build(g)
	case v.Known.Size() == 0:
		g.Fail("Constant", "a tensor of shape %v has no elements", v.Shape)
	default:
		v.node = g.Constant(tensor.Must(tensor.FromSlice(v.Known.Float32s(), v.Shape...)))
	}
	return v.node
}

// Built returns the node if there is one in the graph by now, and nil otherwise.
func (v *Value) Built() *graph.Node { return v.node }
