package tensor

import (
	"fmt"
	"math"
)

// Sum returns the sum over the given axes, which the result does not have; over
// all axes, and so a scalar, if none are given. Sums are computed in float64,
// in the order of the elements, and rounded once. It panics if an axis does not
// exist or is given twice.
func (t *Tensor) Sum(axes ...int) *Tensor { return t.reduce(sum, false, axes) }

// Mean returns the mean over the given axes: [Tensor.Sum] divided, in float64,
// by the number of elements. The mean of nothing is NaN.
func (t *Tensor) Mean(axes ...int) *Tensor { return t.reduce(mean, false, axes) }

// Max returns the greatest element over the given axes, which the result does not
// have; over all axes, and so a scalar, if none are given. It is NaN where one of
// the elements is. Max panics if t has no elements, or if an axis does not exist or
// is given twice.
func (t *Tensor) Max(axes ...int) *Tensor { return t.reduce(maximum, false, axes) }

// SumKeep is [Tensor.Sum] with the axes kept at length 1, so that the result
// broadcasts to t.
func (t *Tensor) SumKeep(axes ...int) *Tensor { return t.reduce(sum, true, axes) }

// MeanKeep is [Tensor.Mean] with the axes kept at length 1, so that the result
// broadcasts to t.
func (t *Tensor) MeanKeep(axes ...int) *Tensor { return t.reduce(mean, true, axes) }

// MaxKeep is [Tensor.Max] with the axes kept at length 1, so that the result
// broadcasts to t.
func (t *Tensor) MaxKeep(axes ...int) *Tensor { return t.reduce(maximum, true, axes) }

// A reduction makes one number of many.
type reduction struct {
	name  string
	first float64 // of no elements
	step  func(so, v float64) float64
}

func plus(so, v float64) float64 { return so + v }

var (
	sum     = &reduction{"sum", 0, plus}
	mean    = &reduction{"mean", 0, plus} // divided afterwards
	maximum = &reduction{"max", math.Inf(-1), math.Max}
)

func (t *Tensor) reduce(by *reduction, keep bool, axes []int) *Tensor {
	reduced := make([]bool, len(t.shape))
	for _, axis := range axes {
		switch {
		case uint(axis) >= uint(len(t.shape)):
			panic(fmt.Sprintf("tensor: %s: axis %d of shape %v, which has rank %d", by.name, axis, t.shape, len(t.shape)))
		case reduced[axis]:
			panic(fmt.Sprintf("tensor: %s: axis %d is given twice in %v", by.name, axis, axes))
		}
		reduced[axis] = true
	}
	kept, shape := t.shape.Clone(), Shape{} // the result's shape with and without the axes
	for axis, d := range t.shape {
		switch {
		case len(axes) == 0 || reduced[axis]:
			kept[axis] = 1
		default:
			shape = append(shape, d)
		}
	}
	if keep {
		shape = kept
	}
	r := New(shape...)
	if by == maximum && t.Size() == 0 {
		panic(fmt.Sprintf("tensor: max of shape %v, which has no elements", t.shape))
	}
	totals := make([]float64, len(r.data))
	for i := range totals {
		totals[i] = by.first
	}
	steps, next := repeated(kept, t.shape), 0
	var walk func(axis, to int)
	walk = func(axis, to int) {
		if axis == len(t.shape) {
			totals[to] = by.step(totals[to], float64(t.Data()[next]))
			next++
			return
		}
		for i := range t.shape[axis] {
			walk(axis+1, to+i*steps[axis])
		}
	}
	walk(0, 0)
	count := float64(1)
	if by == mean {
		count = float64(t.Size()) / float64(len(r.data))
	}
	for i, total := range totals {
		r.data[i] = float32(total / count)
	}
	return r
}
