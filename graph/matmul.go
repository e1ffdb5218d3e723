package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// MatMulOp is the product of two matrices, each transposed first if asked.
type MatMulOp struct{ TransA, TransB bool }

// Kind returns "MatMul".
func (MatMulOp) Kind() string { return "MatMul" }

// Infer returns rows×columns of the product.
func (o MatMulOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	if len(a) != 2 || len(b) != 2 {
		return nil, fmt.Errorf("arguments must be matrices, got %v and %v", a, b)
	}
	m, k, l, n := a[0], a[1], b[0], b[1]
	if o.TransA {
		m, k = k, m
	}
	if o.TransB {
		l, n = n, l
	}
	if k != l {
		return nil, fmt.Errorf("inner sizes differ: %d×%d times %d×%d", m, k, l, n)
	}
	return tensor.Shape{m, n}, nil
}

func (o MatMulOp) gradient(y, dy *Node) []*Node {
	g, a, b := dy.graph, y.inputs[0], y.inputs[1]
	mul := func(p, q *Node, tp, tq bool) *Node { return g.add(MatMulOp{tp, tq}, p, q) }
	var da, db *Node
	if o.TransA {
		da = mul(b, dy, o.TransB, true)
	} else {
		da = mul(dy, b, false, !o.TransB)
	}
	if o.TransB {
		db = mul(dy, a, true, o.TransA)
	} else {
		db = mul(a, dy, !o.TransA, false)
	}
	return []*Node{da, db}
}

func (o MatMulOp) rebatch(b batching) (Op, bool) { return o, !o.TransA && b.only(0) }

func (o MatMulOp) multiplyAdds(n *Node) int64 {
	inner := n.inputs[0].shape[1]
	if o.TransA {
		inner = n.inputs[0].shape[0]
	}
	return int64(n.shape.Size()) * int64(inner)
}

// MatMul returns the matrix product a·b.
func MatMul(a, b *Node) *Node { return a.graph.add(MatMulOp{}, a, b) }

// MatMulT is MatMul with transA and transB saying which matrices are
// transposed first: ONNX's Gemm without its factors.
func MatMulT(a, b *Node, transA, transB bool) *Node {
	return a.graph.add(MatMulOp{transA, transB}, a, b)
}

// Linear returns x·weightᵀ + bias for x N×in, weight out×in and bias out (or
// nil), as PyTorch's Linear.
func Linear(x, weight, bias *Node) *Node {
	y := x.graph.add(MatMulOp{TransB: true}, x, weight)
	if bias == nil {
		return y
	}
	return Add(y, bias)
}
