package constant

import (
	"fmt"
	"math"
	"slices"

	"github.com/strideml/stride/onnx/internal/proto"
)

// reducers combine two numbers to one; the first argument is what the elements before gave.
var reducers = map[string]struct {
	ints   func(a, b int64) int64
	floats func(a, b float64) float64
}{
	"ReduceSum":  {func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }},
	"ReduceMean": {func(a, b int64) int64 { return a + b }, func(a, b float64) float64 { return a + b }},
	"ReduceProd": {func(a, b int64) int64 { return a * b }, func(a, b float64) float64 { return a * b }},
	"ReduceMax":  {func(a, b int64) int64 { return max(a, b) }, math.Max},
	"ReduceMin":  {func(a, b int64) int64 { return min(a, b) }, math.Min},
}

// Reduce combines the elements along axes, which are kept as size 1 or dropped. Axes without
// elements are an error.
func Reduce(name string, t *Tensor, axes []int, keep bool) (*Tensor, error) {
	f, ok := reducers[name]
	if !ok {
		return nil, fmt.Errorf("no reduction %s", name)
	}
	kept := slices.Clone(t.Shape)
	n := 1
	for _, a := range axes {
		n *= kept[a]
		kept[a] = 1
	}
	r, err := newTensor(t.Type, kept)
	if err != nil {
		return nil, err
	}
	if t.Size() == 0 {
		return nil, fmt.Errorf("%s of no elements", name)
	}
	seen := make([]bool, r.Size())
	step := strides(kept)
	for _, a := range axes {
		step[a] = 0
	}
	to, err := walk(t.Shape, step, 0)
	if err != nil {
		return nil, err
	}
	for i, k := range to {
		switch {
		case t.IsFloat() && seen[k]:
			r.Floats[k] = f.floats(r.Floats[k], t.Floats[i])
		case t.IsFloat():
			r.Floats[k] = t.Floats[i]
		case seen[k]:
			r.Ints[k] = f.ints(r.Ints[k], t.Ints[i])
		default:
			r.Ints[k] = t.Ints[i]
		}
		seen[k] = true
	}
	for k := range r.Floats {
		if name == "ReduceMean" {
			r.Floats[k] /= float64(n)
		}
		r.Floats[k] = Round(t.Type, r.Floats[k])
	}
	for k := range r.Ints {
		if name == "ReduceMean" {
			r.Ints[k] /= int64(n)
		}
		r.Ints[k] = Wrap(t.Type, r.Ints[k])
	}
	if keep {
		return r, nil
	}
	var shape []int
	for a, d := range t.Shape {
		if !slices.Contains(axes, a) {
			shape = append(shape, d)
		}
	}
	return Reshape(r, shape)
}

// CumSum adds up the elements along an axis; with exclusive without the element itself, with
// reverse from the end.
func CumSum(t *Tensor, axis int, exclusive, reverse bool) (*Tensor, error) {
	r, err := newTensor(t.Type, t.Shape)
	if err != nil {
		return nil, err
	}
	n, inner := t.Shape[axis], strides(t.Shape)[axis]
	if n == 0 {
		return r, nil
	}
	for line := range t.Size() / n {
		start := line/inner*inner*n + line%inner
		var ints int64
		var floats float64
		for i := range n {
			k := i
			if reverse {
				k = n - 1 - i
			}
			at := start + k*inner
			if t.IsFloat() {
				before := floats
				floats = Round(t.Type, floats+t.Floats[at])
				r.Floats[at] = floats
				if exclusive {
					r.Floats[at] = before
				}
				continue
			}
			before := ints
			ints = Wrap(t.Type, ints+t.Ints[at])
			r.Ints[at] = ints
			if exclusive {
				r.Ints[at] = before
			}
		}
	}
	return r, nil
}

// NonZero returns the indices of the elements that are not zero, rank×count.
func NonZero(t *Tensor) *Tensor {
	rank := len(t.Shape)
	columns := make([][]int64, rank)
	found := 0
	for i := range t.Size() {
		if t.Float(i) == 0 {
			continue
		}
		found++
		rest := i
		for a := rank - 1; a >= 0; a-- {
			columns[a] = append(columns[a], int64(rest%t.Shape[a]))
			rest /= t.Shape[a]
		}
	}
	return &Tensor{Type: proto.Int64, Shape: []int{rank, found}, Ints: slices.Concat(columns...)}
}

// Arange returns start, start+delta, … below limit, or above it if delta is negative.
func Arange(start, limit, delta *Tensor) (*Tensor, error) {
	for _, t := range []*Tensor{start, limit, delta} {
		if t.Size() != 1 || t.Type != start.Type {
			return nil, fmt.Errorf("the bounds of a range must be single numbers of one type")
		}
	}
	d := delta.Float(0)
	n := math.Ceil((limit.Float(0) - start.Float(0)) / d)
	switch {
	case d == 0 || math.IsNaN(n):
		return nil, fmt.Errorf("a range with the step %v", d)
	case n > MaxElements:
		return nil, ErrTooLarge
	}
	r, err := newTensor(start.Type, []int{int(max(n, 0))})
	if err != nil {
		return nil, err
	}
	for i := range r.Ints {
		r.Ints[i] = start.Ints[0] + int64(i)*delta.Ints[0]
	}
	for i := range r.Floats {
		r.Floats[i] = Round(r.Type, start.Floats[0]+float64(i)*delta.Floats[0])
	}
	return r, nil
}

// Full returns a tensor of one number, which value holds.
func Full(value *Tensor, shape []int) (*Tensor, error) {
	if value.Size() != 1 {
		return nil, fmt.Errorf("a value of %d elements, want 1", value.Size())
	}
	one, err := Reshape(value, []int{})
	if err != nil {
		return nil, err
	}
	return Expand(one, shape)
}
