package exporter

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
)

// where is Where.
func where(c *call, _ graph.WhereOp) string {
	inputs := c.node.Inputs()
	return c.op("Where", []string{c.truth(inputs[0]), c.value(inputs[1]), c.value(inputs[2])})
}

// truth is value for a condition: of type bool, and true for all but 0.
func (e *exporter) truth(n *graph.Node) string {
	value := e.result(n)
	if _, isBool := e.booleans[value]; isBool {
		return value
	}
	return e.add(n.Path(), "Cast", []string{value}, toType(proto.Bool))
}
