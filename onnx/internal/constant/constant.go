// Package constant computes with small tensors whose elements are known when a model is
// imported: shapes, indices, bounds and scales. No integer reaches the graph.
//
// Elements of integer types are int64, wrapped to the width of their type, and those of
// bool 0 and 1; elements of floating-point types are float64, rounded to float32 unless the
// type is double.
package constant

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/onnx/internal/tensordata"
	"github.com/strideml/stride/tensor"
)

// MaxElements is the largest number of elements of a constant.
const MaxElements = tensordata.MaxIntegers

// ErrTooLarge says that a result has more than MaxElements.
var ErrTooLarge = errors.New("the constant has too many elements")

// A Tensor is a constant, which nobody may change. One of Ints and Floats has its elements,
// in row-major order.
type Tensor struct {
	Type   proto.DataType
	Shape  []int
	Ints   []int64
	Floats []float64
}

// Ints returns a vector of int64.
func Ints(v ...int) *Tensor {
	t := &Tensor{Type: proto.Int64, Shape: []int{len(v)}, Ints: make([]int64, len(v))}
	for i, n := range v {
		t.Ints[i] = int64(n)
	}
	return t
}

// Scalar returns a scalar of int64.
func Scalar(v int) *Tensor {
	return &Tensor{Type: proto.Int64, Shape: []int{}, Ints: []int64{int64(v)}}
}

// IsFloat reports whether the elements are in Floats.
func (t *Tensor) IsFloat() bool { return tensordata.IsFloat(t.Type) }

// Size is the number of elements.
func (t *Tensor) Size() int {
	if t.IsFloat() {
		return len(t.Floats)
	}
	return len(t.Ints)
}

// Float returns an element as float64, whatever the type.
func (t *Tensor) Float(i int) float64 {
	if t.IsFloat() {
		return t.Floats[i]
	}
	return float64(t.Ints[i])
}

// Float32s returns all elements as float32.
func (t *Tensor) Float32s() []float32 {
	f := make([]float32, t.Size())
	for i := range f {
		f[i] = float32(t.Float(i))
	}
	return f
}

// IntSlice returns the elements of an integer tensor as int.
func (t *Tensor) IntSlice() []int {
	ints := make([]int, len(t.Ints))
	for i, v := range t.Ints {
		ints[i] = int(v)
	}
	return ints
}

// count returns the number of elements of a shape, or an error if there are too many.
func count(shape []int) (int, error) {
	limit := MaxElements
	if slices.Contains(shape, 0) {
		limit = math.MaxInt
	}
	n, err := tensor.Shape(shape).SizeWithin(limit)
	if errors.Is(err, tensor.ErrTooLarge) {
		err = ErrTooLarge
	}
	return n, err
}

// newTensor returns a tensor of zeros.
func newTensor(typ proto.DataType, shape []int) (*Tensor, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	t := &Tensor{Type: typ, Shape: slices.Clone(shape)}
	if t.IsFloat() {
		t.Floats = make([]float64, n)
	} else {
		t.Ints = make([]int64, n)
	}
	return t, nil
}

// take returns the elements with the given indices, in a tensor of the given shape.
func (t *Tensor) take(indices, shape []int) *Tensor {
	r := &Tensor{Type: t.Type, Shape: shape}
	if t.IsFloat() {
		r.Floats = make([]float64, len(indices))
		for i, k := range indices {
			r.Floats[i] = t.Floats[k]
		}
		return r
	}
	r.Ints = make([]int64, len(indices))
	for i, k := range indices {
		r.Ints[i] = t.Ints[k]
	}
	return r
}

// Wrap returns v as a type of integers holds it.
func Wrap(typ proto.DataType, v int64) int64 {
	switch typ {
	case proto.Bool:
		if v != 0 {
			return 1
		}
		return 0
	case proto.Int8:
		return int64(int8(v))
	case proto.Int16:
		return int64(int16(v))
	case proto.Int32:
		return int64(int32(v))
	case proto.Uint8:
		return int64(uint8(v))
	case proto.Uint16:
		return int64(uint16(v))
	case proto.Uint32:
		return int64(uint32(v))
	}
	return v
}

// Round returns v as a type of floating-point numbers holds it; the types of 16 bits are
// read to float32.
func Round(typ proto.DataType, v float64) float64 {
	if typ == proto.Double {
		return v
	}
	return float64(float32(v))
}

// Cast converts a tensor to another type. Floats are cut off towards zero.
func Cast(t *Tensor, to proto.DataType) (*Tensor, error) {
	if !tensordata.IsFloat(to) && !tensordata.IsInteger(to) {
		return nil, fmt.Errorf("cannot convert to elements of type %v", to)
	}
	r, err := newTensor(to, t.Shape)
	if err != nil {
		return nil, err
	}
	for i := range t.Size() {
		switch {
		case r.IsFloat():
			r.Floats[i] = Round(to, t.Float(i))
		case !t.IsFloat():
			r.Ints[i] = Wrap(to, t.Ints[i])
		case to == proto.Bool:
			if t.Floats[i] != 0 { // NaN is true, too
				r.Ints[i] = 1
			}
		default:
			v := t.Floats[i]
			if math.IsNaN(v) || v < -0x1p63 || v >= 0x1p63 {
				return nil, fmt.Errorf("cannot convert %v to %v", v, to)
			}
			r.Ints[i] = Wrap(to, int64(v))
		}
	}
	return r, nil
}
