package operators

import (
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
