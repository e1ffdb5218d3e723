package lower

import (
	"slices"

	"github.com/strideml/stride/engine/xla/internal/stablehlo"
	"github.com/strideml/stride/graph"
)

// matMul multiplies matrices. Transposed ones are multiplied as they are: XLA's product
// sums over any axis.
func matMul(b *builder, op graph.MatMulOp, y *graph.Node, in []value) value {
	p, q := in[0], in[1]
	if batch := y.Shape()[:len(y.Shape())-2]; !sameBatch(p, batch) || !sameBatch(q, batch) {
		switch {
		case oneMatrix(q):
			return b.manyTimesOne(p, q, op, y)
		case oneMatrix(p): // (pq)ᵀ = qᵀpᵀ
			z := b.manyTimesOne(q, p, graph.MatMulOp{TransA: !op.TransB, TransB: !op.TransA}, y)
			order := axes(0, len(y.Shape()))
			slices.Reverse(order[len(order)-2:])
			return b.Transpose(z, order...)
		}
		p = b.broadcast(p, slices.Concat(batch, p.Shape()[p.Type.Rank()-2:]))
		q = b.broadcast(q, slices.Concat(batch, q.Shape()[q.Type.Rank()-2:]))
	}
	rank := p.Type.Rank()
	batch := axes(0, rank-2)
	return b.dot(y, p, q, [2][]int{batch, batch}, [2][]int{{inner(rank, op.TransA)}, {inner(rank, !op.TransB)}})
}

// manyTimesOne multiplies each matrix of p, or its transpose, by the single matrix q: a
// product of two matrices to XLA.
func (b *builder) manyTimesOne(p, q value, op graph.MatMulOp, y *graph.Node) value {
	q = b.Reshape(q, q.Shape()[q.Type.Rank()-2:]...)
	z := b.dot(y, p, q, [2][]int{}, [2][]int{{inner(p.Type.Rank(), op.TransA)}, {inner(2, !op.TransB)}})
	// q may have had more axes of size 1 than p has axes.
	lead := len(y.Shape()) - z.Type.Rank()
	return b.Reshape(z, slices.Concat(slices.Repeat([]int{1}, lead), z.Shape())...)
}

// dot multiplies for node y with the precision that is asked for.
func (b *builder) dot(y *graph.Node, p, q value, batch, contract [2][]int) value {
	e := stablehlo.F32
	if b.options.Math == BF16 {
		p, q = b.narrow(p), b.narrow(q)
		if b.half[y] {
			e = stablehlo.BF16
		}
	}
	return b.widen(b.DotGeneral(p, q, batch, contract, e, b.precision()))
}

// inner is the axis of the last two that is summed over.
func inner(rank int, first bool) int {
	if first {
		return rank - 2
	}
	return rank - 1
}

// axes lists the axes from first up to last, which is not included.
func axes(first, last int) []int {
	list := make([]int, last-first)
	for i := range list {
		list[i] = first + i
	}
	return list
}

func sameBatch(x value, batch []int) bool {
	return slices.Equal(x.Shape()[:x.Type.Rank()-2], batch)
}

// oneMatrix reports whether all batch axes have size 1.
func oneMatrix(x value) bool {
	return !slices.ContainsFunc(x.Shape()[:x.Type.Rank()-2], func(n int) bool { return n != 1 })
}
