package exporter

import (
	"slices"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/onnx/internal/proto"
)

var reductions = map[graph.ReduceKind]string{
	graph.KindSum:  "ReduceSum",
	graph.KindMean: "ReduceMean",
	graph.KindMax:  "ReduceMax",
	graph.KindProd: "ReduceProd",
}

// global has the reductions of whole images that ONNX has names for.
var global = map[graph.ReduceKind]string{
	graph.KindMean: "GlobalAveragePool",
	graph.KindMax:  "GlobalMaxPool",
}

// reduce is a reduction, or global pooling where it is over the pixels of images.
func reduce(c *call, o graph.ReduceOp) string {
	x := c.node.Inputs()[0]
	kind, ok := reductions[o.Func]
	if !ok {
		c.fail(c.node, "the reduction has no form in ONNX")
	}
	if pool := global[o.Func]; pool != "" && len(x.Shape()) == 4 && slices.Equal(o.Axes, []int{2, 3}) {
		y := c.op(pool, []string{c.in(0)})
		if o.KeepDims {
			return y
		}
		dims := c.dims(x)
		return c.reshape(y, append(slices.Clone(dims[:2]), plain(1, 1)...), dims[:2])
	}
	return c.reduce(kind, c.in(0), o.Axes, o.KeepDims)
}

// reduce adds a reduction. Its axes are an attribute before opset 18, and before 13 for
// ReduceSum; then an argument.
func (c *call) reduce(kind, x string, axes []int, keep bool) string {
	if kind != "ReduceSum" && c.opts.Opset < 18 {
		return c.op(kind, []string{x}, ints("axes", axes...), number("keepdims", toInt(keep)))
	}
	return c.op(kind, []string{x, c.int64s(axes...)}, number("keepdims", toInt(keep)))
}

// argMax is ArgMax, whose result is an int64.
func argMax(c *call, o graph.ArgMaxOp) string {
	i := c.op("ArgMax", []string{c.in(0)}, number("axis", o.Axis), number("keepdims", 0))
	return c.op("Cast", []string{i}, toType(proto.Float))
}

// cumSum is CumSum, whose axis is a scalar.
func cumSum(c *call, o graph.CumSumOp) string {
	return c.op("CumSum", []string{c.in(0), c.int64Scalar(o.Axis)}, number("exclusive", toInt(o.Exclusive)), number("reverse", toInt(o.Reverse)))
}

// softmax is Softmax or LogSoftmax.
func softmax(c *call, o graph.SoftmaxOp) string {
	return c.op(o.Kind(), []string{c.in(0)}, number("axis", o.Axis))
}
