package exporter

import "github.com/strideml/stride/graph"

// matMul is MatMul, or Gemm if a matrix is transposed.
func matMul(c *call, o graph.MatMulOp) string {
	if !o.TransA && !o.TransB {
		return c.op("MatMul", c.all())
	}
	return c.gemm(o, c.in(0), c.in(1), "")
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
