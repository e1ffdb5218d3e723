package tensor

import (
	"errors"
	"fmt"
)

// Concat joins tensors along an axis: 2×3 and 2×5 give 2×8 along axis 1. It is
// an error if there are none, the axis does not exist, or the tensors differ in
// rank or in the length of another axis.
func Concat(axis int, ts ...*Tensor) (*Tensor, error) {
	if len(ts) == 0 {
		return nil, errors.New("tensor: concat: no tensors")
	}
	first := ts[0].shape
	if uint(axis) >= uint(len(first)) {
		return nil, fmt.Errorf("tensor: concat: axis %d of shape %v, which has rank %d", axis, first, len(first))
	}
	shape := first.Clone()
	shape[axis] = 0
	for i, t := range ts {
		fits := len(t.shape) == len(first)
		for a := 0; fits && a < len(first); a++ {
			fits = a == axis || t.shape[a] == first[a]
		}
		if !fits {
			return nil, fmt.Errorf("tensor: concat: tensor %d is %v, the first %v: only the lengths of axis %d may differ", i, t.shape, first, axis)
		}
		shape[axis] += t.shape[axis]
	}
	if _, err := shape.checkedSize(); err != nil {
		return nil, fmt.Errorf("tensor: concat: %w", err)
	}
	return join(shape, shape[:axis].Size(), ts), nil
}

// Stack joins tensors of one shape along a new axis, from 0 to their rank: two
// of 3×4 give 2×3×4 along axis 0 and 3×4×2 along axis 2. It is an error if there
// are none, their shapes differ, or the axis is out of that range.
func Stack(axis int, ts ...*Tensor) (*Tensor, error) {
	if len(ts) == 0 {
		return nil, errors.New("tensor: stack: no tensors")
	}
	first := ts[0].shape
	if axis < 0 || axis > len(first) {
		return nil, fmt.Errorf("tensor: stack: new axis %d of tensors of shape %v, want 0 to %d", axis, first, len(first))
	}
	for i, t := range ts {
		if !t.shape.Equal(first) {
			return nil, fmt.Errorf("tensor: stack: tensor %d is %v, the first %v: all shapes must be equal", i, t.shape, first)
		}
	}
	shape := append(append(first[:axis].Clone(), len(ts)), first[axis:]...)
	if _, err := shape.checkedSize(); err != nil {
		return nil, fmt.Errorf("tensor: stack: %w", err)
	}
	return join(shape, first[:axis].Size(), ts), nil
}

// join fills a tensor of the given shape with outer rounds of a run of elements
// from each tensor in turn.
func join(shape Shape, outer int, ts []*Tensor) *Tensor {
	r := &Tensor{shape: shape, data: make([]float32, 0, shape.Size())}
	for i := range outer {
		for _, t := range ts {
			run := t.Size() / outer
			r.data = append(r.data, t.Data()[i*run:(i+1)*run]...)
		}
	}
	return r
}
