package operators

import (
	"slices"

	"github.com/strideml/stride/graph"
)

// gemm is alpha·A′·B′ + beta·C.
func gemm(c *Call) []*Value {
	a, b := c.arg(0), c.arg(1)
	if c.rank() != 2 && c.Version < 7 {
		a = graph.Flatten(a) // caffe2's files do not flatten before
	}
	y := graph.MatMulT(a, b, c.flag("transA"), c.flag("transB"))
	if alpha := c.Float("alpha", 1); alpha != 1 {
		y = graph.Mul(y, c.scalar(float64(alpha)))
	}
	if bias := c.arg(2); bias != nil {
		if beta := c.Float("beta", 1); beta != 1 {
			bias = graph.Mul(bias, c.scalar(float64(beta)))
		}
		y = graph.Add(y, bias)
	}
	return c.one(y)
}

// matmul is NumPy's matmul.
func matmul(c *Call) []*Value {
	a, b := c.arg(0), c.arg(1)
	ra, rb := len(a.Shape()), len(b.Shape())
	if ra == 0 || rb == 0 {
		c.fail("arguments must have at least one axis, got %v and %v", a.Shape(), b.Shape())
	}
	if ra == 1 { // a row
		a = graph.Reshape(a, 1, a.Shape()[0])
	}
	if rb == 1 { // a column
		b = graph.Reshape(b, b.Shape()[0], 1)
	}
	y := product(a, b)
	shape := y.Shape().Clone()
	if rb == 1 {
		shape = shape[:len(shape)-1]
	}
	if ra == 1 {
		at := len(shape) - 2
		if rb == 1 {
			at++
		}
		shape = slices.Delete(shape, at, at+1)
	}
	return c.one(graph.Reshape(y, shape...))
}

// product is the product of matrices. That of many with one is a single product.
func product(a, b *graph.Node) *graph.Node {
	sa, sb := a.Shape(), b.Shape()
	if len(sa) > 2 && len(sb) == 2 && sa[len(sa)-1] == sb[0] {
		rows := graph.Reshape(a, -1, sa[len(sa)-1])
		return graph.Reshape(graph.MatMul(rows, b), slices.Concat(sa[:len(sa)-1], sb[1:])...)
	}
	return graph.MatMul(a, b)
}
