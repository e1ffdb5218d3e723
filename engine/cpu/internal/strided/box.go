package strided

import (
	"github.com/strideml/stride/engine/cpu/internal/kernel/vec"
	"github.com/strideml/stride/tensor"
)

// A Box is a nest of loops over two strided arrays, the outermost first, sorted
// by the destination's strides. Neighbouring loops are merged where both
// arrays allow it.
type Box struct {
	size, dst, src []int
}

// NewBox returns the loops that copy a box of the given shape between arrays
// with the given distances between neighbours along each axis.
func NewBox(shape tensor.Shape, dst, src []int) Box {
	var b Box
	for i, n := range shape {
		if n == 1 {
			continue
		}
		at := len(b.size)
		for at > 0 && b.dst[at-1] < dst[i] {
			at--
		}
		b.size = append(b.size[:at], append([]int{n}, b.size[at:]...)...)
		b.dst = append(b.dst[:at], append([]int{dst[i]}, b.dst[at:]...)...)
		b.src = append(b.src[:at], append([]int{src[i]}, b.src[at:]...)...)
	}
	for i := len(b.size) - 2; i >= 1; i-- { // the outermost loop stays, for tasks
		if b.dst[i] == b.dst[i+1]*b.size[i+1] && b.src[i] == b.src[i+1]*b.size[i+1] {
			b.size[i+1] *= b.size[i]
			b.remove(i)
		}
	}
	return b
}

func (b *Box) remove(i int) {
	b.size = append(b.size[:i], b.size[i+1:]...)
	b.dst = append(b.dst[:i], b.dst[i+1:]...)
	b.src = append(b.src[:i], b.src[i+1:]...)
}

// Outer is the number of iterations of the outermost loop.
func (b *Box) Outer() int {
	if len(b.size) == 0 {
		return 1
	}
	return b.size[0]
}

// InnerSize is the number of elements in one iteration of the outermost loop.
func (b *Box) InnerSize() int {
	n := 1
	for _, s := range b.size[min(1, len(b.size)):] {
		n *= s
	}
	return n
}

// Copy copies the iterations lo ≤ i < hi of the outermost loop.
func (b *Box) Copy(dst, src []float32, lo, hi int) { copyBox(b, dst, src, lo, hi, CopyRun) }

// CopyBytes is Copy for arrays of bytes.
func (b *Box) CopyBytes(dst, src []byte, lo, hi int) { copyBox(b, dst, src, lo, hi, copyBytes) }

// A run copies n elements that are ds apart in dst and ss apart in src.
type run[T any] func(dst, src []T, n, ds, ss int)

func copyBox[T any](b *Box, dst, src []T, lo, hi int, run run[T]) {
	if len(b.size) == 0 {
		dst[0] = src[0]
		return
	}
	if len(b.size) == 1 {
		run(dst[lo*b.dst[0]:], src[lo*b.src[0]:], hi-lo, b.dst[0], b.src[0])
		return
	}
	for i := lo; i < hi; i++ {
		copyNest(b, 1, dst[i*b.dst[0]:], src[i*b.src[0]:], run)
	}
}

func copyNest[T any](b *Box, axis int, dst, src []T, run run[T]) {
	n, ds, ss := b.size[axis], b.dst[axis], b.src[axis]
	if axis == len(b.size)-1 {
		run(dst, src, n, ds, ss)
		return
	}
	for i := range n {
		copyNest(b, axis+1, dst[i*ds:], src[i*ss:], run)
	}
}

// CopyRun copies n elements that are ds floats apart in dst and ss apart in src.
// With ss = 0 it fills dst with one element.
func CopyRun(dst, src []float32, n, ds, ss int) {
	switch {
	case ds == 1 && ss == 1:
		copy(dst[:n], src[:n])
	case ds == 1 && ss == 0:
		vec.Fill(dst[:n], src[0])
	default:
		for i := range n {
			dst[i*ds] = src[i*ss]
		}
	}
}

// copyBytes is CopyRun for bytes.
func copyBytes(dst, src []byte, n, ds, ss int) {
	if ds == 1 && ss == 1 {
		copy(dst[:n], src[:n])
		return
	}
	for i := range n {
		dst[i*ds] = src[i*ss]
	}
}
