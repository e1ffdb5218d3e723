package graph

import (
	"fmt"

	"github.com/strideml/stride/tensor"
)

// MatMulOp is the product of two matrices, each transposed first if asked. The
// last two axes of an argument are those of the matrix, all others are batch
// axes: they are broadcast under NumPy's rules, and each pair of matrices is
// multiplied, as by NumPy's matmul.
type MatMulOp struct{ TransA, TransB bool }

// Kind returns "MatMul".
func (MatMulOp) Kind() string { return "MatMul" }

// Infer returns the broadcast batch axes and rows×columns of the product.
func (o MatMulOp) Infer(in []tensor.Shape) (tensor.Shape, error) {
	if err := arity(in, 2); err != nil {
		return nil, err
	}
	a, b := in[0], in[1]
	if len(a) < 2 || len(b) < 2 {
		return nil, fmt.Errorf("arguments must be matrices, got %v and %v", a, b)
	}
	m, k := matrixOf(a, o.TransA)
	l, n := matrixOf(b, o.TransB)
	if k != l {
		return nil, fmt.Errorf("inner sizes differ: %d×%d times %d×%d", m, k, l, n)
	}
	batch, err := broadcast(a[:len(a)-2], b[:len(b)-2])
	if err != nil {
		return nil, fmt.Errorf("batch axes: %w", err)
	}
	return append(batch, m, n), nil
}

// matrixOf returns the last two sizes of an argument, in the order in which they
// are multiplied.
func matrixOf(s tensor.Shape, transposed bool) (rows, columns int) {
	rows, columns = s[len(s)-2], s[len(s)-1]
	if transposed {
		return columns, rows
	}
	return rows, columns
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
	da = sumTo(da, a.shape)
	if oneMatrix(b.shape) && !o.TransA && len(y.shape) > 2 {
		// The rows of all matrices of a are those of one large matrix.
		shape := b.shape
		a, dy = Reshape(a, -1, a.shape[len(a.shape)-1]), Reshape(dy, -1, dy.shape[len(dy.shape)-1])
		if o.TransB {
			db = mul(dy, a, true, false)
		} else {
			db = mul(a, dy, true, false)
		}
		return []*Node{da, Reshape(db, shape...)}
	}
	if o.TransB {
		db = mul(dy, a, true, o.TransA)
	} else {
		db = mul(a, dy, !o.TransA, false)
	}
	return []*Node{da, sumTo(db, b.shape)}
}

// oneMatrix reports whether an argument of a MatMul with this shape is a single
// matrix: whether all batch axes have size 1.
func oneMatrix(s tensor.Shape) bool { return s[:len(s)-2].Size() == 1 }

// rebatch allows rows that are samples, matrices that are, and an argument that is
// the same for all samples.
func (o MatMulOp) rebatch(b batching) (Op, bool) {
	if len(b.node.shape) == 2 {
		return o, !o.TransA && b.only(0)
	}
	return o, b.broadcast()
}

func (o MatMulOp) multiplyAdds(n *Node) int64 {
	_, inner := matrixOf(n.inputs[0].shape, o.TransA)
	return int64(n.shape.Size()) * int64(inner)
}

// MatMul returns the matrix product a·b, of N×m×k by N×k×n matrices N×m×n, as
// NumPy's matmul: the last two axes of an argument, which must have at least two,
// are those of the matrices, and the axes before them are broadcast. b may be one
// k×n matrix for all matrices of a.
func MatMul(a, b *Node) *Node { return a.graph.add(MatMulOp{}, a, b) }

// MatMulT is MatMul with transA and transB saying which matrices are
// transposed first, that is, the last two axes exchanged. For two matrices it is
// ONNX's Gemm without its factors.
func MatMulT(a, b *Node, transA, transB bool) *Node {
	return a.graph.add(MatMulOp{transA, transB}, a, b)
}

// Linear returns x·weightᵀ + bias for x N×in or N×…×in, weight out×in and bias out
// (or nil), as PyTorch's Linear.
func Linear(x, weight, bias *Node) *Node {
	y := x.graph.add(MatMulOp{TransB: true}, x, weight)
	if bias == nil {
		return y
	}
	return Add(y, bias)
}
