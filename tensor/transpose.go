package tensor

import "fmt"

// Transpose returns a copy with the axes in another order: axis i of the
// result is axis perm[i] of t. With no arguments the order is reversed, which
// for a matrix is the usual transpose. It is an error if perm does not name
// every axis exactly once.
func (t *Tensor) Transpose(perm ...int) (*Tensor, error) {
	rank := len(t.shape)
	if len(perm) == 0 {
		perm = make([]int, rank)
		for i := range perm {
			perm[i] = rank - 1 - i
		}
	}
	if len(perm) != rank {
		return nil, fmt.Errorf("tensor: transpose: %d axes for shape %v of rank %d", len(perm), t.shape, rank)
	}
	seen := make([]bool, rank)
	shape := make(Shape, rank)
	for i, p := range perm {
		switch {
		case uint(p) >= uint(rank):
			return nil, fmt.Errorf("tensor: transpose: axis %d in %v does not exist in shape %v", p, perm, t.shape)
		case seen[p]:
			return nil, fmt.Errorf("tensor: transpose: axis %d appears twice in %v", p, perm)
		}
		seen[p] = true
		shape[i] = t.shape[p]
	}
	r := New(shape...)
	if len(r.data) > 0 {
		permute(r.data, t.Data(), shape, t.shape.strides(), perm)
	}
	return r, nil
}

// permute fills dst, row-major with the given shape, where axis i walks src
// with the stride of its axis perm[i]. Nothing may be empty.
func permute(dst, src []float32, shape Shape, srcStrides, perm []int) {
	// Drop axes of length 1 and merge axes that stay neighbours in the
	// source, so that the loops below see as few and as long axes as can be.
	var lens, strides []int
	for i, p := range perm {
		if shape[i] == 1 {
			continue
		}
		st := srcStrides[p]
		if k := len(lens) - 1; k >= 0 && strides[k] == st*shape[i] {
			lens[k] *= shape[i]
			strides[k] = st
			continue
		}
		lens = append(lens, shape[i])
		strides = append(strides, st)
	}
	last := len(lens) - 1
	if last < 1 { // nothing moves (a single axis that remains has stride 1)
		copy(dst, src)
		return
	}
	w := &walker{dst: dst, src: src, lens: lens, strides: strides}
	w.dstStrides = Shape(lens).strides()
	w.fast = last
	for i, st := range strides {
		if st == 1 {
			w.fast = i
		}
	}
	w.walk(0, 0, 0)
}

// A walker carries the state of one permutation.
type walker struct {
	dst, src                  []float32
	lens, strides, dstStrides []int
	fast                      int // the axis along which src is contiguous
}

// walk copies the block whose leading axes below axis are fixed; d and s are
// its offsets in dst and src.
func (w *walker) walk(axis, d, s int) {
	last := len(w.lens) - 1
	switch {
	case axis == w.fast && axis != last:
		// This axis is paired with the last one by transposeBlock.
		w.walk(axis+1, d, s)
	case axis < last:
		for i := range w.lens[axis] {
			w.walk(axis+1, d+i*w.dstStrides[axis], s+i*w.strides[axis])
		}
	case w.fast == last:
		copy(w.dst[d:d+w.lens[last]], w.src[s:])
	default:
		transposeBlock(w.dst[d:], w.src[s:], w.lens[w.fast], w.lens[last], w.dstStrides[w.fast], w.strides[last])
	}
}

// transposeBlock computes dst[i*dstStride+j] = src[j*srcStride+i] for i < rows
// and j < cols. It works in square tiles so that the cache lines of both
// sides are used whole before they are evicted.
func transposeBlock(dst, src []float32, rows, cols, dstStride, srcStride int) {
	const tile = 16
	for i0 := 0; i0 < rows; i0 += tile {
		i1 := min(i0+tile, rows)
		for j0 := 0; j0 < cols; j0 += tile {
			j1 := min(j0+tile, cols)
			for i := i0; i < i1; i++ {
				row := dst[i*dstStride+j0 : i*dstStride+j1]
				s := j0*srcStride + i
				for j := range row {
					row[j] = src[s]
					s += srcStride
				}
			}
		}
	}
}
