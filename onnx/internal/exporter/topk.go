package exporter

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
)

// topK is the second result of TopK, the indices. The first one, the values, is for
// gatherElements.
func topK(c *call, o graph.TopKOp) string {
	indices := c.op("TopK", []string{c.in(0), c.int64s(o.K)}, number("axis", o.Axis), number("largest", toInt(!o.Smallest)))
	if c.err != nil {
		return ""
	}
	node := c.graph.Nodes[len(c.graph.Nodes)-1]
	c.greatest[c.node] = c.unique(indices + "/values")
	node.Outputs = []string{c.greatest[c.node], indices}
	for _, n := range c.node.Graph().Nodes() {
		for _, in := range n.Inputs() {
			if in == c.node && c.uses[n] > 0 && topOf(n) == nil {
				return c.op("Cast", []string{indices}, toType(proto.Float))
			}
		}
	}
	if c.output == c.node {
		return c.op("Cast", []string{indices}, toType(proto.Float))
	}
	return indices // which nothing needs
}

// topOf returns the node of the indices if n has the values that graph.TopK returns
// beside them, and nil otherwise.
func topOf(n *graph.Node) *graph.Node {
	o, ok := n.Op().(graph.GatherElementsOp)
	if !ok {
		return nil
	}
	x, indices := n.Inputs()[0], n.Inputs()[1]
	if top, ok := indices.Op().(graph.TopKOp); ok && top.Axis == o.Axis && indices.Inputs()[0] == x {
		return indices
	}
	return nil
}

// gatherElements is GatherElements, whose indices are integers, or the first result of
// TopK.
func gatherElements(c *call, o graph.GatherElementsOp) string {
	indices := c.in(1)
	if top := topOf(c.node); top != nil {
		return c.greatest[top]
	}
	return c.op("GatherElements", []string{c.in(0), c.op("Cast", []string{indices}, toType(proto.Int64))}, number("axis", o.Axis))
}
