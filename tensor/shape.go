package tensor

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Shape lists the lengths of a tensor's axes, outermost first. The empty
// (or nil) shape belongs to a scalar, which has one element; a shape with a
// zero in it belongs to a tensor without elements.
type Shape []int

// Size returns the number of elements, the product of all lengths. The size
// of the empty shape is 1. Size does not check for overflow; tensors only
// ever carry shapes whose size fits an int.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether both shapes have the same rank and lengths.
func (s Shape) Equal(o Shape) bool { return slices.Equal(s, o) }

// Clone returns a copy that shares no memory with s. It is never nil.
func (s Shape) Clone() Shape { return append(make(Shape, 0, len(s)), s...) }

// String writes the lengths with a times sign between them, as in
// "16×3×28×28". The empty shape is written "scalar".
func (s Shape) String() string {
	if len(s) == 0 {
		return "scalar"
	}
	var b strings.Builder
	for i, d := range s {
		if i > 0 {
			b.WriteString("×")
		}
		b.WriteString(strconv.Itoa(d))
	}
	return b.String()
}

// ErrTooLarge says that a shape has more elements than a limit allows.
var ErrTooLarge = errors.New("too many elements")

// SizeWithin returns the number of elements of a shape that nobody has checked yet, such as one
// from a file. It is an error if a length is negative, or if the product of the lengths that are
// not zero is more than limit; that one wraps ErrTooLarge. Zeros are left out of the product
// so that each sub-tensor has a valid size, too.
func (s Shape) SizeWithin(limit int) (int, error) {
	n, empty := 1, false
	for axis, d := range s {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v: axis %d has negative length %d", s, axis, d)
		case d == 0:
			empty = true
		case n > limit/d:
			return 0, fmt.Errorf("shape %v: %w", s, ErrTooLarge)
		default:
			n *= d
		}
	}
	if empty {
		return 0, nil
	}
	return n, nil
}

// checkedSize is SizeWithin of what an int can hold.
func (s Shape) checkedSize() (int, error) { return s.SizeWithin(math.MaxInt) }

// strides returns, for each axis, the distance in elements between
// neighbours along it in row-major order.
func (s Shape) strides() []int {
	st := make([]int, len(s))
	n := 1
	for i := len(s) - 1; i >= 0; i-- {
		st[i] = n
		n *= s[i]
	}
	return st
}
