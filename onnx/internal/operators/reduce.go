package operators

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/constant"
	"github.com/strideml/stride/onnx/internal/proto"
)

// A reduction keeps the axes that it reduces, as size 1.
type reduction func(c *Call, x *graph.Node, axes []int) *graph.Node

// reduce builds a reduction. The axes are an attribute before version since and an argument
// from there on.
func reduce(since int, f reduction) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		axes, none := c.reducedAxes(since)
		if none {
			return c.one(f(c, c.x(), nil))
		}
		keep := c.Int("keepdims", 1) != 0
		if known := c.In[0].Known; known != nil && c.folds() {
			if t, err := constant.Reduce(c.OpType, known, axes, keep); err == nil {
				return c.constant(t, nil)
			}
		}
		y := f(c, c.x(), axes)
		if keep {
			return c.one(y)
		}
		return c.one(graph.Reshape(y, without(c.dims(), axes)...))
	}
}

// reducedAxes returns the axes to reduce; none says that each element is one for itself.
func (c *Call) reducedAxes(since int) (axes []int, none bool) {
	axes = c.axes(c.intsOf("axes", since, 1), c.rank())
	if len(axes) > 0 {
		return axes, false
	}
	if c.flag("noop_with_empty_axes") {
		return nil, true
	}
	for a := range c.rank() {
		axes = append(axes, a)
	}
	return axes, len(axes) == 0
}

// without drops axes of a shape.
func without(shape, axes []int) []int {
	var rest []int
	for a, d := range shape {
		if !slices.Contains(axes, a) {
			rest = append(rest, d)
		}
	}
	return rest
}

// plainReduction makes a reduction of a function of graph. No axes are no reduction.
func plainReduction(f func(x *graph.Node, axes ...int) *graph.Node) reduction {
	return func(_ *Call, x *graph.Node, axes []int) *graph.Node {
		if len(axes) == 0 {
			return x
		}
		return f(x, axes...)
	}
}

var (
	sumOf = plainReduction(graph.SumKeep)
	maxOf = plainReduction(graph.MaxKeep)
)

func reduceL1(c *Call, x *graph.Node, axes []int) *graph.Node { return sumOf(c, graph.Abs(x), axes) }

func reduceL2(c *Call, x *graph.Node, axes []int) *graph.Node {
	return graph.Sqrt(sumOf(c, graph.Mul(x, x), axes))
}

func reduceSumSquare(c *Call, x *graph.Node, axes []int) *graph.Node {
	return sumOf(c, graph.Mul(x, x), axes)
}

func reduceLogSum(c *Call, x *graph.Node, axes []int) *graph.Node {
	return graph.Log(sumOf(c, x, axes))
}

// reduceLogSumExp is log Σ exp x, computed without overflow.
func reduceLogSumExp(c *Call, x *graph.Node, axes []int) *graph.Node {
	most := maxOf(c, x, axes)
	return graph.Add(most, graph.Log(sumOf(c, graph.Exp(graph.Sub(x, most)), axes)))
}

// arg builds ArgMax and ArgMin.
func arg(f func(x *graph.Node, axis int) *graph.Node) func(c *Call) []*Value {
	return func(c *Call) []*Value {
		axis := c.axis(c.Int("axis", 0))
		x := c.x()
		last := c.flag("select_last_index")
		if last { // the first one from the other end
			x = graph.SliceStep(x, axis, x.Shape()[axis]-1, -1, -1)
		}
		y := f(x, axis)
		if last {
			y = graph.Sub(c.scalar(float64(x.Shape()[axis]-1)), y)
		}
		if c.Int("keepdims", 1) != 0 {
			shape := c.dims()
			shape[axis] = 1
			y = graph.Reshape(y, shape...)
		}
		return []*Value{NodeValue(y, proto.Int64)}
	}
}

// cumSum adds up the elements along an axis.
func cumSum(c *Call) []*Value {
	axis := c.integers(1, "axis")
	if len(axis) != 1 {
		c.fail("axis has %d elements, want one", len(axis))
	}
	a := c.axis(int64(axis[0]))
	if known := c.In[0].Known; known != nil {
		return c.constant(constant.CumSum(known, a, c.flag("exclusive"), c.flag("reverse")))
	}
	return c.one(graph.CumSum(c.x(), a, c.flag("exclusive"), c.flag("reverse")))
}

// topK gives the greatest or smallest elements along an axis, and their indices.
func topK(c *Call) []*Value {
	k := int(c.Int("k", 0))
	if c.Version >= 10 {
		k = int(c.number(1, "K", 0))
	}
	values, indices := graph.TopK(c.x(), c.axis(c.Int("axis", -1)), k, c.Int("largest", 1) != 0)
	return []*Value{NodeValue(values, c.typ()), NodeValue(indices, proto.Int64)}
}
