package passes

import (
	"github.com/strideml/stride/engine/cpu/internal/gemm"
	"github.com/strideml/stride/engine/cpu/internal/ir"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// planProduct sets Plan of a matrix product. It returns the transpositions that the
// plan makes unnecessary, because it reads their arguments where they are.
// With bf16, products of two matrices are in bfloat16.
func planProduct(o *ir.Op, op graph.MatMulOp, bf16 bool) (transposes []*ir.Op) {
	a, b, out := o.Args[0], o.Args[1], o.Out().Shape
	rank := len(out)
	n, k := out[rank-1], a.Shape[len(a.Shape)-1]
	if op.TransA {
		k = a.Shape[len(a.Shape)-2]
	}
	switch single := b.Shape[:len(b.Shape)-2].Size() == 1; {
	case rank == 2 && op.TransA && !op.TransB:
		if o.Plan = gemm.NewOuter(k, out[0], n); bf16 {
			o.Plan = gemm.NewOuterBF16(k, out[0], n)
		}
	case rank == 2 || single && !op.TransA: // the rows of all matrices are those of one
		newProduct := gemm.New
		if bf16 {
			newProduct = gemm.NewBF16
		}
		o.Plan = newProduct(out.Size()/n, k, n, op.TransB, b.Fixed && len(b.Vars) > 0)
	default:
		left, t := matricesOf(o, 0, op.TransA)
		right, u := matricesOf(o, 1, op.TransB)
		o.Plan = gemm.NewBatch(out[rank-2], k, n, left, right)
		transposes = append(t, u...)
	}
	return transposes
}

// matricesOf returns where the matrices of an argument of a product lie. If that is a
// transposition that can be read where its own argument is, it becomes that, and the
// transposition is returned.
func matricesOf(o *ir.Op, i int, transposed bool) (m gemm.Matrices, skipped []*ir.Op) {
	v := o.Args[i]
	shape, strides := v.Shape, v.Strides()
	if t, ok := readable(o, i); ok {
		x := v.Def.Args[0].Strides()
		for axis, p := range t.Perm {
			strides[axis] = x[p]
		}
		o.Args[i], skipped = v.Def.Args[0], []*ir.Op{v.Def}
	}
	rank := len(shape) - 2
	m.Row, m.Column = strides[rank], strides[rank+1]
	if transposed {
		m.Row, m.Column = m.Column, m.Row
	}
	batch := o.Out().Shape[:len(o.Out().Shape)-2]
	for j := range batch.Size() {
		m.Offsets = append(m.Offsets, broadcastOffset(j, batch, shape[:rank], strides))
	}
	return m, skipped
}

// broadcastOffset returns the offset of element i of a shape in a value that is
// broadcast to it.
func broadcastOffset(i int, to, shape tensor.Shape, strides []int) (offset int) {
	for axis := len(to) - 1; axis >= 0; axis-- {
		if from := axis - (len(to) - len(shape)); from >= 0 && shape[from] != 1 {
			offset += i % to[axis] * strides[from]
		}
		i /= to[axis]
	}
	return offset
}

// readable reports whether an argument of a product is a transposition after which
// the rows or the columns of the matrices are still contiguous, in the argument of the
// transposition. An image is left to the transposition: it may exist in NHWC only,
// and then a copy is necessary anyway. So is a transposed A of a product with a bias.
func readable(o *ir.Op, i int) (t graph.TransposeOp, ok bool) {
	v := o.Args[i]
	if v.Def == nil || i == 0 && len(o.Args) == 3 {
		return t, false
	}
	if t, ok = v.Def.Do.(graph.TransposeOp); !ok {
		return t, false
	}
	x, rank := v.Def.Args[0], len(t.Perm)
	rows, columns := x.Strides()[t.Perm[rank-2]], x.Strides()[t.Perm[rank-1]]
	if rows != 1 && columns != 1 {
		return t, false
	}
	return t, !x.Image() || reshaped(x) || exchangesLast(t.Perm)
}

// reshaped reports whether a value is a leaf or the result of a reshape, which are in
// row-major order.
func reshaped(x *ir.Value) bool {
	if x.Def == nil {
		return true
	}
	_, ok := x.Def.Do.(graph.ReshapeOp)
	return ok
}

// exchangesLast reports whether a permutation moves only the last two axes.
func exchangesLast(perm []int) bool {
	for axis, p := range perm[:len(perm)-2] {
		if axis != p {
			return false
		}
	}
	return true
}

// removeUnread removes those of some operations whose results nobody reads any more.
func removeUnread(f *ir.Func, ops []*ir.Op) {
	uses, gone := f.Uses(), map[*ir.Op]bool{}
	for _, o := range ops {
		gone[o] = len(uses.Of(o.Out())) == 0 && !uses.Pinned(o.Out())
	}
	f.Remove(gone)
}
