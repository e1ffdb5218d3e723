package tensor

import (
	"fmt"
	"math"
)

// Add returns t + o, element by element. As in NumPy, the shapes are aligned at
// their last axes and each axis of length 1, or missing, is repeated to the
// length of the other: 2×3×4 and 3×1 give 2×3×4. Add panics if two lengths
// differ and neither is 1.
func (t *Tensor) Add(o *Tensor) *Tensor {
	return t.combine("add", o, func(a, b float32) float32 { return a + b })
}

// Sub returns t − o, element by element. Shapes are broadcast, and Sub panics,
// as in [Tensor.Add].
func (t *Tensor) Sub(o *Tensor) *Tensor {
	return t.combine("sub", o, func(a, b float32) float32 { return a - b })
}

// Mul returns t · o, element by element; [Tensor.MatMul] is the product of
// matrices. Shapes are broadcast, and Mul panics, as in [Tensor.Add].
func (t *Tensor) Mul(o *Tensor) *Tensor {
	return t.combine("mul", o, func(a, b float32) float32 { return a * b })
}

// Div returns t / o, element by element. Division by zero gives an infinity or
// NaN. Shapes are broadcast, and Div panics, as in [Tensor.Add].
func (t *Tensor) Div(o *Tensor) *Tensor {
	return t.combine("div", o, func(a, b float32) float32 { return a / b })
}

// AddScalar returns t + v, v being added to each element.
func (t *Tensor) AddScalar(v float32) *Tensor {
	return t.Map(func(x float32) float32 { return x + v })
}

// MulScalar returns t · v, each element multiplied by v.
func (t *Tensor) MulScalar(v float32) *Tensor {
	return t.Map(func(x float32) float32 { return x * v })
}

// Abs returns the absolute value of each element.
func (t *Tensor) Abs() *Tensor {
	return t.Map(func(x float32) float32 { return float32(math.Abs(float64(x))) })
}

// Sqrt returns the square root of each element, NaN for negative ones.
func (t *Tensor) Sqrt() *Tensor {
	return t.Map(func(x float32) float32 { return float32(math.Sqrt(float64(x))) })
}

// Map returns a tensor of the same shape with f applied to each element.
func (t *Tensor) Map(f func(float32) float32) *Tensor {
	r := New(t.shape...)
	for i, x := range t.Data() {
		r.data[i] = f(x)
	}
	return r
}

// MatMul returns the product of two matrices, M×K and K×N, which is M×N. Sums
// are computed in float64 and rounded once. It panics if t or o is not a matrix
// or the inner lengths differ.
func (t *Tensor) MatMul(o *Tensor) *Tensor {
	if len(t.shape) != 2 || len(o.shape) != 2 || t.shape[1] != o.shape[0] {
		panic(fmt.Sprintf("tensor: matmul: %v and %v: want M×K and K×N", t.shape, o.shape))
	}
	m, k, n := t.shape[0], t.shape[1], o.shape[1]
	r, sums := New(m, n), make([]float64, n)
	for i := range m {
		clear(sums)
		for j, a := range t.Data()[i*k : (i+1)*k] {
			for c, b := range o.Data()[j*n : (j+1)*n] {
				sums[c] += float64(a) * float64(b) // exact product: fusing changes nothing
			}
		}
		for c, sum := range sums {
			r.data[i*n+c] = float32(sum)
		}
	}
	return r
}

// combine applies f to the pairs of elements of t and o after broadcasting.
func (t *Tensor) combine(op string, o *Tensor, f func(a, b float32) float32) *Tensor {
	if t.shape.Equal(o.shape) {
		r := New(t.shape...)
		for i, a := range t.Data() {
			r.data[i] = f(a, o.Data()[i])
		}
		return r
	}
	shape := make(Shape, max(len(t.shape), len(o.shape)))
	for i := 1; i <= len(shape); i++ {
		a, b := lengthFromEnd(t.shape, i), lengthFromEnd(o.shape, i)
		switch axis := len(shape) - i; {
		case a == b || b == 1:
			shape[axis] = a
		case a == 1:
			shape[axis] = b
		default:
			panic(fmt.Sprintf("tensor: %s: shapes %v and %v do not broadcast: counted from the last axis, lengths must be equal or one of them 1, and axis −%d has %d and %d",
				op, t.shape, o.shape, i, a, b))
		}
	}
	r := New(shape...)
	if len(r.data) == 0 {
		return r
	}
	steps, next := [2][]int{repeated(t.shape, shape), repeated(o.shape, shape)}, 0
	var walk func(axis, a, b int)
	walk = func(axis, a, b int) {
		if axis == len(shape) {
			r.data[next] = f(t.Data()[a], o.Data()[b])
			next++
			return
		}
		for i := range shape[axis] {
			walk(axis+1, a+i*steps[0][axis], b+i*steps[1][axis])
		}
	}
	walk(0, 0, 0)
	return r
}

// lengthFromEnd is the length of axis −i, or 1 if there is none.
func lengthFromEnd(s Shape, i int) int {
	if i > len(s) {
		return 1
	}
	return s[len(s)-i]
}

// repeated returns the strides with which the elements of a tensor of shape s
// fill the shape that it is broadcast to: 0 along axes that are repeated.
func repeated(s, to Shape) []int {
	steps := make([]int, len(to))
	for i, step := range s.strides() {
		if s[i] != 1 {
			steps[len(to)-len(s)+i] = step
		}
	}
	return steps
}
