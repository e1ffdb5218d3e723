package operators

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
)

// not is 1 for 0 and 0 for 1.
func not(c *Call, x *graph.Node) *graph.Node { return graph.Sub(c.scalar(1), x) }

func notOf(c *Call) []*Value {
	if c.known() {
		return c.constant(constant.Not(c.In[0].Known))
	}
	return c.bools(not(c, c.x()))
}

func power(c *Call, a, b *graph.Node) *graph.Node {
	c.unsupported("the exponent", "a computed value", "")
	return nil
}

func truncate(c *Call, x *graph.Node) *graph.Node {
	c.unsupported("to", "an integer type", "of a computed value")
	return nil
}

func selectWhere(c *Call, condition, a, b *graph.Node) *graph.Node {
	return graph.Add(graph.Mul(condition, a), graph.Mul(not(c, condition), b))
}

func greater(c *Call, a, b *graph.Node) *graph.Node {
	return graph.Mul(not(c, graph.Equal(a, b)), graph.Equal(graph.Maximum(a, b), a))
}

func sliceStep(c *Call, x *graph.Node, axis int, r constant.Range) *graph.Node {
	if r.Step == 1 {
		return graph.Slice(x, axis, r.Start, r.Start+r.Count)
	}
	indices := make([]int, r.Count)
	for i := range indices {
		indices[i] = r.Start + i*r.Step
	}
	return gatherIndices(c, x, axis, indices)
}

func gatherIndices(c *Call, x *graph.Node, axis int, indices []int) *graph.Node {
	parts := make([]*graph.Node, len(indices))
	for i, k := range indices {
		parts[i] = graph.Slice(x, axis, k, k+1)
	}
	return graph.Concat(axis, parts...)
}

// knownUnary builds functions that only constants have.
func knownUnary(c *Call) []*Value {
	if c.In[0].Fixed {
		return c.constant(constant.Unary(c.OpType, c.tensor(0, "the argument")))
	}
	c.unsupported("the argument", "a computed value", "")
	return nil
}

// knownBinary is knownUnary for two arguments.
func knownBinary(c *Call) []*Value {
	if c.In[0].Fixed && c.In[1].Fixed {
		return c.constant(constant.Binary(c.OpType, c.tensor(0, "an argument"), c.tensor(1, "an argument")))
	}
	c.unsupported("the argument", "a computed value", "")
	return nil
}

func cumSum(c *Call) []*Value {
	axis := c.integers(1, "axis")
	if len(axis) != 1 {
		c.fail("axis has %d elements, want one", len(axis))
	}
	t := c.tensor(0, "the input")
	return c.constant(constant.CumSum(t, c.axis(int64(axis[0])), c.flag("exclusive"), c.flag("reverse")))
}

func registerPending() {
	for _, name := range words("Floor Ceil Round Sign Sin Cos Tan Reciprocal") {
		register(Operator{Name: name, Arguments: 1, build: knownUnary})
	}
	for _, name := range words("And Or Xor Less LessOrEqual Greater GreaterOrEqual") {
		register(Operator{Name: name, Arguments: 2, build: knownBinary})
	}
	register(Operator{Name: "CumSum", Arguments: 2, Attributes: words("exclusive reverse"), build: cumSum})
}
