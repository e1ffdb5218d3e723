package operators

import (
	"math"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
)

func not(c *Call) []*Value {
	if c.known() {
		return c.constant(constant.Not(c.In[0].Known))
	}
	return c.bools(graph.Not(c.x()))
}

func where(c *Call) []*Value {
	if c.folds() {
		t, err := constant.Where(c.In[0].Known, c.In[1].Known, c.In[2].Known)
		return c.constant(t, err)
	}
	return []*Value{NodeValue(graph.Where(c.arg(0), c.arg(1), c.arg(2)), c.In[1].Type)}
}

func isNaN(c *Call) []*Value { return c.bools(graph.Not(graph.Equal(c.x(), c.x()))) }

func isInf(c *Call) []*Value {
	found := c.scalar(0)
	if c.Int("detect_positive", 1) != 0 {
		found = graph.Or(found, graph.Equal(c.x(), c.scalar(math.Inf(1))))
	}
	if c.Int("detect_negative", 1) != 0 {
		found = graph.Or(found, graph.Equal(c.x(), c.scalar(math.Inf(-1))))
	}
	return c.bools(graph.Broadcast(found, c.dims()...))
}
