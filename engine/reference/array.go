package reference

import (
	"slices"

	"github.com/strideml/stride/tensor"
)

// widen converts float32 to float64.
func widen(src []float32) []float64 {
	dst := make([]float64, len(src))
	for i, v := range src {
		dst[i] = float64(v)
	}
	return dst
}

// narrow rounds float64 to float32.
func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// each calls visit with every position of a shape: its row-major number and
// its index along each axis.
func each(shape tensor.Shape, visit func(i int, index []int)) {
	index := make([]int, len(shape))
	for i := range shape.Size() {
		rest := i
		for a := len(shape) - 1; a >= 0; a-- {
			index[a] = rest % shape[a]
			rest /= shape[a]
		}
		visit(i, index)
	}
}

// at is the inverse: the row-major number of the element at an index.
func at(shape tensor.Shape, index ...int) int {
	i := 0
	for a, n := range shape {
		i = i*n + index[a]
	}
	return i
}

// stretched is the element of an array of the given shape that stands at an
// index of the larger shape that it is broadcast to: the axes are aligned at
// the right, and an axis of size 1 repeats.
func stretched(shape tensor.Shape, index []int) int {
	index = index[len(index)-len(shape):]
	i := 0
	for a, n := range shape {
		i *= n
		if n != 1 {
			i += index[a]
		}
	}
	return i
}

// An array is a value in row-major order.
type array struct {
	shape tensor.Shape
	data  []float64
}

// lines calls visit for each line of elements along an axis: its number, which
// is the row-major position in the shape without that axis, and the row-major
// numbers of its elements.
func lines(shape tensor.Shape, axis int, visit func(line int, elements []int)) {
	elements := make([]int, shape[axis])
	each(slices.Delete(shape.Clone(), axis, axis+1), func(line int, rest []int) {
		for k := range elements {
			elements[k] = at(shape, slices.Insert(slices.Clone(rest), axis, k)...)
		}
		visit(line, elements)
	})
}
