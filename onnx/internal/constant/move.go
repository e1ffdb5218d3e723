package constant

import (
	"fmt"
	"slices"
)

// strides returns the distances of neighbouring elements along each axis.
func strides(shape []int) []int {
	s := make([]int, len(shape))
	at := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = at
		at *= shape[i]
	}
	return s
}

// walk returns, for each element of a tensor of the given shape in row-major order, the
// position start + Σ indexᵢ·stepᵢ.
func walk(shape, step []int, start int) ([]int, error) {
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	positions := make([]int, n)
	index := make([]int, len(shape))
	at := start
	for i := range positions {
		positions[i] = at
		for a := len(shape) - 1; a >= 0; a-- {
			index[a]++
			at += step[a]
			if index[a] < shape[a] {
				break
			}
			at -= step[a] * shape[a]
			index[a] = 0
		}
	}
	return positions, nil
}

// Axis returns an axis from 0 on for one that may be negative.
func Axis(axis int64, rank int) (int, error) {
	if axis < -int64(rank) || axis >= int64(rank) {
		return 0, fmt.Errorf("axis %d is not one of the %d axes", axis, rank)
	}
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), nil
}

// Axes is Axis for several; twice the same is an error.
func Axes(axes []int64, rank int) ([]int, error) {
	r := make([]int, len(axes))
	for i, a := range axes {
		var err error
		if r[i], err = Axis(a, rank); err != nil {
			return nil, err
		}
		if slices.Contains(r[:i], r[i]) {
			return nil, fmt.Errorf("axis %d is there twice in %v", a, axes)
		}
	}
	return r, nil
}

// Reshape gives t another shape of the same size.
func Reshape(t *Tensor, shape []int) (*Tensor, error) {
	n, err := count(shape)
	if err == nil && n != t.Size() {
		err = fmt.Errorf("cannot reshape %v to %v", t.Shape, shape)
	}
	if err != nil {
		return nil, err
	}
	return &Tensor{t.Type, slices.Clone(shape), t.Ints, t.Floats}, nil
}

// BroadcastShape returns the common shape of a and b under NumPy's rules.
func BroadcastShape(a, b []int) ([]int, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, d := range b {
		j := len(a) - len(b) + i
		switch {
		case a[j] == d || d == 1:
		case a[j] == 1:
			out[j] = d
		default:
			return nil, fmt.Errorf("shapes %v and %v cannot be broadcast", a, b)
		}
	}
	return out, nil
}

// Expand repeats t to a shape that it can be broadcast to.
func Expand(t *Tensor, shape []int) (*Tensor, error) {
	if slices.Equal(t.Shape, shape) {
		return t, nil
	}
	out, err := BroadcastShape(t.Shape, shape)
	if err == nil && !slices.Equal(out, shape) {
		err = fmt.Errorf("shape %v cannot be broadcast to %v", t.Shape, shape)
	}
	if err != nil {
		return nil, err
	}
	step := make([]int, len(shape))
	lead := len(shape) - len(t.Shape)
	for i, s := range strides(t.Shape) {
		if t.Shape[i] != 1 {
			step[lead+i] = s
		}
	}
	indices, err := walk(shape, step, 0)
	if err != nil {
		return nil, err
	}
	return t.take(indices, slices.Clone(shape)), nil
}

// Transpose reorders the axes: axis i of the result is axis perm[i] of t.
func Transpose(t *Tensor, perm []int) (*Tensor, error) {
	if len(perm) != len(t.Shape) {
		return nil, fmt.Errorf("%v is not a permutation of the %d axes", perm, len(t.Shape))
	}
	own := strides(t.Shape)
	shape, step := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		if p < 0 || p >= len(perm) || slices.Contains(perm[:i], p) {
			return nil, fmt.Errorf("%v is not a permutation of the %d axes", perm, len(perm))
		}
		shape[i], step[i] = t.Shape[p], own[p]
	}
	indices, err := walk(shape, step, 0)
	if err != nil {
		return nil, err
	}
	return t.take(indices, shape), nil
}

// A Range is start, start+step, …, count elements of them, along an axis.
type Range struct{ Start, Count, Step int }

// SliceRange applies ONNX's rules of Slice to an axis of n elements: negative bounds count from
// the end, and bounds beyond the axis are moved to it.
func SliceRange(start, end, step int64, n int) (Range, error) {
	size := int64(n)
	if step == 0 {
		return Range{}, fmt.Errorf("the step of a slice is 0")
	}
	clamp := func(v, lo, hi int64) int64 {
		if v < 0 && v >= -size {
			v += size
		} else if v < 0 {
			v = -1
		}
		return min(max(v, lo), hi)
	}
	if step > 0 {
		start, end = clamp(start, 0, size), clamp(end, 0, size)
		if end <= start {
			return Range{Start: int(start), Step: 1}, nil
		}
		step = min(step, size)
		return Range{int(start), int((end - start + step - 1) / step), int(step)}, nil
	}
	start, end = clamp(start, -1, size-1), clamp(end, -1, size-1)
	if start <= end {
		return Range{Start: 0, Step: 1}, nil
	}
	step = max(step, -size)
	return Range{int(start), int((start - end - step - 1) / -step), int(step)}, nil
}

// Slice takes a range along an axis.
func Slice(t *Tensor, axis int, r Range) (*Tensor, error) {
	shape, step := slices.Clone(t.Shape), strides(t.Shape)
	shape[axis] = r.Count
	start := r.Start * step[axis]
	step[axis] *= r.Step
	indices, err := walk(shape, step, start)
	if err != nil {
		return nil, err
	}
	return t.take(indices, shape), nil
}

// Gather takes the parts with the given indices along an axis; the axis is replaced by the
// axes of indices.
func Gather(t *Tensor, axis int, indices *Tensor) (*Tensor, error) {
	at, err := Indices(indices, t.Shape[axis])
	if err != nil {
		return nil, err
	}
	shape := slices.Concat(t.Shape[:axis], indices.Shape, t.Shape[axis+1:])
	n, err := count(shape)
	if err != nil {
		return nil, err
	}
	inner := strides(t.Shape)[axis]
	positions := make([]int, 0, n)
	for outer := 0; len(positions) < n; outer++ {
		for _, k := range at {
			for i := range inner {
				positions = append(positions, (outer*t.Shape[axis]+k)*inner+i)
			}
		}
	}
	return t.take(positions, shape), nil
}

// Indices returns the elements of a tensor of indices of an axis of n elements; negative
// ones count from the end.
func Indices(t *Tensor, n int) ([]int, error) {
	if t.IsFloat() {
		return nil, fmt.Errorf("indices have the type %v, want integers", t.Type)
	}
	at := make([]int, len(t.Ints))
	for i, k := range t.Ints {
		if k < -int64(n) || k >= int64(n) {
			return nil, fmt.Errorf("index %d is outside of an axis of %d elements", k, n)
		}
		if k < 0 {
			k += int64(n)
		}
		at[i] = int(k)
	}
	return at, nil
}

// Concat joins tensors along an axis.
func Concat(axis int, ts ...*Tensor) (*Tensor, error) {
	shape := slices.Clone(ts[0].Shape)
	shape[axis] = 0
	for _, t := range ts {
		if len(t.Shape) != len(shape) || t.IsFloat() != ts[0].IsFloat() {
			return nil, fmt.Errorf("cannot join %v %v and %v %v", ts[0].Type, ts[0].Shape, t.Type, t.Shape)
		}
		for a, d := range t.Shape {
			if a != axis && d != shape[a] {
				return nil, fmt.Errorf("cannot join %v and %v along axis %d", ts[0].Shape, t.Shape, axis)
			}
		}
		shape[axis] += t.Shape[axis]
	}
	r, err := newTensor(ts[0].Type, shape)
	if err != nil {
		return nil, err
	}
	outer := 1
	for _, d := range shape[:axis] {
		outer *= d
	}
	at := 0
	for o := range outer {
		for _, t := range ts {
			part := t.Size() / outer
			if r.IsFloat() {
				copy(r.Floats[at:], t.Floats[o*part:(o+1)*part])
			} else {
				copy(r.Ints[at:], t.Ints[o*part:(o+1)*part])
			}
			at += part
		}
	}
	return r, nil
}

// Tile repeats t along each axis.
func Tile(t *Tensor, repeats []int) (*Tensor, error) {
	if len(repeats) != len(t.Shape) {
		return nil, fmt.Errorf("%d repeats for %d axes", len(repeats), len(t.Shape))
	}
	for axis, n := range repeats {
		if n < 0 || n > MaxElements {
			return nil, fmt.Errorf("cannot repeat %d times", n)
		}
		// Split the axis from those before: a new axis of 1 before it is repeated.
		wide := slices.Concat(t.Shape[:axis], []int{1}, t.Shape[axis:])
		r, err := Reshape(t, wide)
		if err != nil {
			return nil, err
		}
		wide = slices.Clone(wide)
		wide[axis] = n
		if r, err = Expand(r, wide); err != nil {
			return nil, err
		}
		shape := slices.Clone(t.Shape)
		shape[axis] *= n
		if t, err = Reshape(r, shape); err != nil {
			return nil, err
		}
	}
	return t, nil
}
