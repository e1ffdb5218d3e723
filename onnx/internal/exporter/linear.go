package exporter

import "github.com/strideml/stride/graph"

// matMul is MatMul, or Gemm if one of two matrices is transposed. Where there are batch
// axes, arguments are transposed by nodes of their own.
func matMul(c *call, o graph.MatMulOp) string {
	a, b := c.in(0), c.in(1)
	if (o.TransA || o.TransB) && len(c.node.Shape()) == 2 {
		return c.gemm(o, a, b, "")
	}
	if o.TransA {
		a = c.transposedMatrices(a, len(c.node.Inputs()[0].Shape()))
	}
	if o.TransB {
		b = c.transposedMatrices(b, len(c.node.Inputs()[1].Shape()))
	}
	return c.op("MatMul", []string{a, b})
}

// transposedMatrices exchanges the last two axes of a value.
func (c *call) transposedMatrices(x string, rank int) string {
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-2], perm[rank-1] = rank-1, rank-2
	return c.op("Transpose", []string{x}, ints("perm", perm...))
}

func (c *call) gemm(o graph.MatMulOp, a, b, bias string) string {
	return c.op("Gemm", []string{a, b, bias}, number("transA", toInt(o.TransA)), number("transB", toInt(o.TransB)))
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// linearLayer takes apart what graph.Linear makes with fixed weights: it returns the
// product x·Wᵀ and the bias, nil if there is none.
func (e *exporter) linearLayer(n *graph.Node) (product, bias *graph.Node, ok bool) {
	product, bias = e.withBias(n)
	if product == nil {
		product = n
	}
	o, isProduct := product.Op().(graph.MatMulOp)
	return product, bias, isProduct && !o.TransA && o.TransB && len(product.Shape()) == 2
}

// withBias takes apart a product to which a fixed vector with an element for each column
// is added, and of which nothing else is used. It returns nil if n is something else.
func (e *exporter) withBias(n *graph.Node) (product, bias *graph.Node) {
	if o, ok := n.Op().(graph.BinaryOp); !ok || o.Func != graph.KindAdd {
		return nil, nil
	}
	product, bias = n.Inputs()[0], n.Inputs()[1]
	if _, ok := bias.Op().(graph.MatMulOp); ok {
		product, bias = bias, product
	}
	_, ok := product.Op().(graph.MatMulOp)
	shape := product.Shape()
	if !ok || e.uses[product] > 1 || !e.fixed[bias] || len(shape) != 2 || len(bias.Shape()) != 1 || bias.Shape()[0] != shape[1] {
		return nil, nil
	}
	return product, bias
}
