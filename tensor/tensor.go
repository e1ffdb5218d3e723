package tensor

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// A Tensor is a dense array of float32 values in row-major order: the last
// axis varies fastest and there are no gaps. The shape of a Tensor never
// changes; its elements may.
//
// A Tensor is not safe for use by several goroutines when one of them writes.
type Tensor struct {
	shape  Shape
	data   []float32
	source atomic.Pointer[Source] // of elements that are not in data: see Defer and Release
}

// A Named is a tensor with its name, as model files and the state of a network
// list them.
type Named struct {
	Name   string
	Tensor *Tensor
}

// New returns a tensor of zeros. New() is a scalar. It panics if a length is
// negative or the number of elements overflows an int.
func New(shape ...int) *Tensor {
	s := Shape(shape).Clone()
	n, err := s.checkedSize()
	if err != nil {
		panic(fmt.Errorf("tensor: new: %w", err))
	}
	return &Tensor{shape: s, data: make([]float32, n)}
}

// FromSlice returns a tensor over data in row-major order. The slice is kept,
// not copied: writes through either are seen through both. It is an error if
// the shape is invalid or does not hold exactly len(data) elements.
func FromSlice(data []float32, shape ...int) (*Tensor, error) {
	s := Shape(shape).Clone()
	n, err := s.checkedSize()
	if err != nil {
		return nil, fmt.Errorf("tensor: from slice: %w", err)
	}
	if n != len(data) {
		return nil, fmt.Errorf("tensor: from slice: shape %v has %d elements, the slice has %d", s, n, len(data))
	}
	return &Tensor{shape: s, data: data[:n:n]}, nil
}

// Must returns t, or panics if err is not nil. It wraps calls such as
// [FromSlice] where a failure would be a mistake in the program.
func Must(t *Tensor, err error) *Tensor {
	if err != nil {
		panic(err)
	}
	return t
}

// Full returns a tensor whose elements are all v. It panics where [New] does.
func Full(v float32, shape ...int) *Tensor {
	t := New(shape...)
	if v != 0 || math.Signbit(float64(v)) {
		for i := range t.data {
			t.data[i] = v
		}
	}
	return t
}

// Scalar returns a tensor of rank 0 that holds v.
func Scalar(v float32) *Tensor { return &Tensor{shape: Shape{}, data: []float32{v}} }

// Arange returns the vector start, start+step, start+2·step, … up to but not
// including stop. Each element is computed in float64 as start+i·step and
// rounded once, so errors do not add up. The vector is empty if stop lies on
// the wrong side of start. Arange panics if step is zero, an argument is not
// finite, or the vector would have more than 2³¹-1 elements.
func Arange(start, stop, step float32) *Tensor {
	a, b, d := float64(start), float64(stop), float64(step)
	n := math.Ceil((b - a) / d)
	switch {
	case d == 0:
		panic("tensor: arange: step is zero")
	case math.IsNaN(n) || math.IsInf(a, 0) || math.IsInf(b, 0) || math.IsInf(d, 0):
		panic(fmt.Sprintf("tensor: arange(%g, %g, %g): arguments must be finite", a, b, d))
	case n > math.MaxInt32:
		panic(fmt.Sprintf("tensor: arange(%g, %g, %g): too many elements", a, b, d))
	}
	t := New(max(0, int(n)))
	for i := range t.data {
		t.data[i] = float32(a + float64(float64(i)*d)) // not fused, alike on all platforms
	}
	return t
}

// Shape returns a copy of the tensor's shape.
func (t *Tensor) Shape() Shape { return t.shape.Clone() }

// HasShape reports whether the tensor has the given shape. Unlike
// Shape().Equal it does not allocate.
func (t *Tensor) HasShape(s Shape) bool { return t.shape.Equal(s) }

// Rank returns the number of axes; 0 for a scalar.
func (t *Tensor) Rank() int { return len(t.shape) }

// Size returns the number of elements.
func (t *Tensor) Size() int { return t.shape.Size() }

// Data returns the elements in row-major order. It is the tensor's own
// memory: writes to it change the tensor. Elements that are elsewhere are fetched first:
// see [Tensor.Defer].
func (t *Tensor) Data() []float32 {
	if t.source.Load() != nil {
		t.mustFetch()
	}
	return t.data
}

func (t *Tensor) failReleased() {
	panic(fmt.Sprintf("tensor: a tensor of shape %v is used after its elements were released", t.shape))
}

// Release gives up the elements, whose memory the garbage collector frees if no slice and
// no other tensor shares it. It is for weights that somebody keeps in another form. The tensor
// keeps its shape; all methods that need elements panic from then on.
func (t *Tensor) Release() {
	t.data = nil
	t.source.Store(releasedSource)
}

// NewReleased returns a tensor that has a shape but no elements, as after
// [Tensor.Release]. It is an error if a length is negative or the number of elements
// overflows an int.
func NewReleased(shape ...int) (*Tensor, error) {
	s := Shape(shape).Clone()
	if _, err := s.checkedSize(); err != nil {
		return nil, fmt.Errorf("tensor: new: %w", err)
	}
	t := &Tensor{shape: s}
	t.source.Store(releasedSource)
	return t, nil
}

// Released reports whether Release was called.
func (t *Tensor) Released() bool { return t.source.Load() == releasedSource }

// At returns the element at the given index, one number per axis. Like
// indexing a slice, it panics if an index is out of range or the number of
// indices differs from the rank.
func (t *Tensor) At(index ...int) float32 { return t.Data()[t.offset("at", index)] }

// Set stores v at the given index, one number per axis. It panics where
// [Tensor.At] does.
func (t *Tensor) Set(v float32, index ...int) { t.Data()[t.offset("set", index)] = v }

// offset returns the position in data of a full index.
func (t *Tensor) offset(op string, index []int) int {
	if len(index) != len(t.shape) {
		panic(fmt.Sprintf("tensor: %s: %d indices for shape %v of rank %d", op, len(index), t.shape, len(t.shape)))
	}
	o := 0
	for axis, i := range index {
		if uint(i) >= uint(t.shape[axis]) {
			panic(fmt.Sprintf("tensor: %s: index %d out of range for axis %d of shape %v", op, i, axis, t.shape))
		}
		o = o*t.shape[axis] + i
	}
	return o
}

// Reshape returns a tensor of another shape over the same memory. One length
// may be -1, which means the size that makes the number of elements agree. It is an error
// if the sizes differ, or if -1 cannot be resolved to a single length.
func (t *Tensor) Reshape(shape ...int) (*Tensor, error) {
	s := Shape(shape).Clone()
	unknown := -1
	for axis, d := range s {
		if d != -1 {
			continue
		}
		if unknown >= 0 {
			return nil, fmt.Errorf("tensor: reshape %v to %v: axes %d and %d are both -1, at most one may be", t.shape, s, unknown, axis)
		}
		unknown = axis
	}
	if unknown >= 0 {
		s[unknown] = 1
		rest, err := s.checkedSize()
		s[unknown] = -1
		switch {
		case err != nil:
			return nil, fmt.Errorf("tensor: reshape %v: %w", t.shape, err)
		case rest == 0:
			return nil, fmt.Errorf("tensor: reshape %v to %v: -1 could be any length, the other axes have no elements", t.shape, s)
		case t.Size()%rest != 0:
			return nil, fmt.Errorf("tensor: reshape %v to %v: %d elements do not divide by %d", t.shape, s, t.Size(), rest)
		}
		s[unknown] = t.Size() / rest
	}
	n, err := s.checkedSize()
	if err != nil {
		return nil, fmt.Errorf("tensor: reshape %v: %w", t.shape, err)
	}
	if n != t.Size() {
		return nil, fmt.Errorf("tensor: reshape %v to %v: %d elements cannot become %d", t.shape, s, t.Size(), n)
	}
	return &Tensor{shape: s, data: t.Data()}, nil
}

// Index fixes the leading axes and returns the sub-tensor behind them, which
// shares memory with t. t.Index(3) of an N×C×H×W tensor is its fourth C×H×W
// image; with no arguments Index returns all of t. It is an error to give
// more indices than axes or one that is out of range.
func (t *Tensor) Index(index ...int) (*Tensor, error) {
	if len(index) > len(t.shape) {
		return nil, fmt.Errorf("tensor: index: %d indices for shape %v of rank %d", len(index), t.shape, len(t.shape))
	}
	o := 0
	for axis, i := range index {
		if uint(i) >= uint(t.shape[axis]) {
			return nil, fmt.Errorf("tensor: index: %d out of range for axis %d of shape %v", i, axis, t.shape)
		}
		o = o*t.shape[axis] + i
	}
	s := t.shape[len(index):].Clone()
	n := s.Size()
	return &Tensor{shape: s, data: t.Data()[o*n : (o+1)*n : (o+1)*n]}, nil
}

// Slice returns a copy of the elements start ≤ i < stop along one axis; the
// other axes keep their length. It is an error if the axis does not exist or
// 0 ≤ start ≤ stop ≤ length does not hold.
func (t *Tensor) Slice(axis, start, stop int) (*Tensor, error) {
	if uint(axis) >= uint(len(t.shape)) {
		return nil, fmt.Errorf("tensor: slice: axis %d of shape %v, which has rank %d", axis, t.shape, len(t.shape))
	}
	length := t.shape[axis]
	if start < 0 || stop < start || stop > length {
		return nil, fmt.Errorf("tensor: slice: range [%d, %d) of axis %d of shape %v, need 0 ≤ start ≤ stop ≤ %d", start, stop, axis, t.shape, length)
	}
	s := t.shape.Clone()
	s[axis] = stop - start
	r := New(s...)
	if len(r.data) == 0 {
		return r, nil
	}
	inner := t.shape[axis+1:].Size()
	run := (stop - start) * inner
	for dst, src := 0, start*inner; dst < len(r.data); dst, src = dst+run, src+length*inner {
		copy(r.data[dst:dst+run], t.Data()[src:])
	}
	return r, nil
}

// Clone returns a copy that shares no memory with t.
func (t *Tensor) Clone() *Tensor {
	r := &Tensor{shape: t.shape.Clone(), data: make([]float32, t.Size())}
	copy(r.data, t.Data())
	return r
}

// CopyFrom overwrites the elements of t with those of o. It is an error if
// the shapes differ, if the elements of either were released, or if those of o cannot be
// fetched; t is unchanged then.
func (t *Tensor) CopyFrom(o *Tensor) error {
	if !t.shape.Equal(o.shape) {
		return fmt.Errorf("tensor: copy: source has shape %v, destination %v", o.shape, t.shape)
	}
	if t.Released() {
		return fmt.Errorf("tensor: copy: the elements of a tensor of shape %v were released", t.shape)
	}
	if err := o.Fetch(); err != nil {
		return fmt.Errorf("tensor: copy: %w", err)
	}
	copy(t.data, o.data)
	t.source.Store(nil) // nothing is left of what t had elsewhere
	return nil
}

// Equal reports whether both tensors have the same shape and elements that
// compare equal as floats: 0 equals -0 and NaN equals nothing.
func (t *Tensor) Equal(o *Tensor) bool {
	return t.shape.Equal(o.shape) && slices.Equal(t.Data(), o.Data())
}

// AllClose reports whether both tensors have the same shape and all pairs of
// elements a (of t) and b (of o) satisfy |a-b| ≤ atol + rtol·|b|, computed in
// float64. Infinities are close only to themselves, NaN to nothing.
func (t *Tensor) AllClose(o *Tensor, rtol, atol float64) bool {
	if !t.shape.Equal(o.shape) {
		return false
	}
	for i, a32 := range t.Data() {
		a, b := float64(a32), float64(o.Data()[i])
		if a == b {
			continue
		}
		if math.IsInf(a, 0) || math.IsInf(b, 0) || !(math.Abs(a-b) <= atol+rtol*math.Abs(b)) {
			return false
		}
	}
	return true
}
