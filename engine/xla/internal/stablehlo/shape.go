package stablehlo

import (
	"fmt"
	"slices"
)

// Iota returns a tensor of which each element is its index along an axis.
func (b *Builder) Iota(t Type, axis int) Value {
	if axis < 0 || axis >= t.Rank() {
		fail("iota", "axis %d of %s", axis, t)
	}
	return b.op(t, "iota dim = %d : %s", axis, t)
}

// Reshape returns x with another shape of as many elements, in row-major order: x
// itself if it has it.
func (b *Builder) Reshape(x Value, shape ...int) Value {
	t := Of(x.Type.Element, shape...)
	if t.Equal(x.Type) {
		return x
	}
	if t.Size() != x.Type.Size() {
		fail("reshape", "%s to %s", x.Type, t)
	}
	return b.op(t, "reshape %s : (%s) -> %s", x, x.Type, t)
}

// BroadcastInDim repeats x to a shape: axis i of x becomes axis axes[i] of the
// result and has its size there, or 1.
func (b *Builder) BroadcastInDim(x Value, shape, axes []int) Value {
	t := Of(x.Type.Element, shape...)
	if len(axes) != x.Type.Rank() {
		fail("broadcast_in_dim", "%d axes for %s", len(axes), x.Type)
	}
	for i, a := range axes {
		if a < 0 || a >= len(shape) || slices.Contains(axes[:i], a) || x.Type.Shape[i] != 1 && x.Type.Shape[i] != shape[a] {
			fail("broadcast_in_dim", "%s to %s along axes %v", x.Type, t, axes)
		}
	}
	if t.Equal(x.Type) && slices.IsSorted(axes) {
		return x
	}
	return b.op(t, "broadcast_in_dim %s, dims = %s : (%s) -> %s", x, list(axes), x.Type, t)
}

// Transpose exchanges axes: axis i of the result is axis axes[i] of x.
func (b *Builder) Transpose(x Value, axes ...int) Value {
	if len(axes) != x.Type.Rank() {
		fail("transpose", "%d axes for %s", len(axes), x.Type)
	}
	t := Of(x.Type.Element, x.Type.Shape...)
	for i, a := range axes {
		if a < 0 || a >= t.Rank() || slices.Contains(axes[:i], a) {
			fail("transpose", "axes %v of %s", axes, x.Type)
		}
		t.Shape[i] = x.Type.Shape[a]
	}
	if slices.IsSorted(axes) {
		return x
	}
	return b.op(t, "transpose %s, dims = %s : (%s) -> %s", x, list(axes), x.Type, t)
}

// Reverse reverses the order of elements along axes.
func (b *Builder) Reverse(x Value, axes ...int) Value {
	if len(axes) == 0 {
		return x
	}
	return b.op(x.Type, "reverse %s, dims = %s : %s", x, list(axes), x.Type)
}

// Slice returns the elements from start up to limit, which is not included, of each
// axis, every stride-th of them; nil strides mean 1.
func (b *Builder) Slice(x Value, start, limit, strides []int) Value {
	rank := x.Type.Rank()
	if strides == nil {
		strides = slices.Repeat([]int{1}, rank)
	}
	if len(start) != rank || len(limit) != rank || len(strides) != rank {
		fail("slice", "%d, %d and %d numbers for %s", len(start), len(limit), len(strides), x.Type)
	}
	t := Of(x.Type.Element, x.Type.Shape...)
	parts := make([]string, rank)
	for i := range rank {
		if start[i] < 0 || limit[i] < start[i] || limit[i] > x.Type.Shape[i] || strides[i] < 1 {
			fail("slice", "%v to %v by %v of %s", start, limit, strides, x.Type)
		}
		t.Shape[i] = (limit[i] - start[i] + strides[i] - 1) / strides[i]
		parts[i] = fmt.Sprintf("%d:%d", start[i], limit[i])
		if strides[i] > 1 {
			parts[i] += fmt.Sprintf(":%d", strides[i])
		}
	}
	if t.Equal(x.Type) {
		return x
	}
	return b.op(t, "slice %s %s : (%s) -> %s", x, list(parts), x.Type, t)
}

// DynamicSlice returns a part of x of the given sizes that begins at indices that
// are computed: scalars, one for each axis. They are clamped so that it fits.
func (b *Builder) DynamicSlice(x Value, start []Value, sizes []int) Value {
	if len(start) != x.Type.Rank() || len(sizes) != x.Type.Rank() {
		fail("dynamic_slice", "%d indices and %d sizes for %s", len(start), len(sizes), x.Type)
	}
	t := Of(x.Type.Element, sizes...)
	operands := append([]Value{x}, start...)
	return b.op(t, "dynamic_slice %s, sizes = %s : (%s) -> %s", join(operands), list(sizes), join(types(operands)), t)
}

// DynamicUpdateSlice returns x with a part of it replaced that begins at indices
// that are computed, as in DynamicSlice.
func (b *Builder) DynamicUpdateSlice(x, part Value, start []Value) Value {
	if len(start) != x.Type.Rank() || part.Type.Rank() != x.Type.Rank() {
		fail("dynamic_update_slice", "%d indices and %s for %s", len(start), part.Type, x.Type)
	}
	operands := append([]Value{x, part}, start...)
	return b.op(x.Type, "dynamic_update_slice %s : (%s) -> %s", join(operands), join(types(operands)), x.Type)
}

// Concatenate joins tensors along an axis.
func (b *Builder) Concatenate(axis int, values ...Value) Value {
	if len(values) == 1 {
		return values[0]
	}
	t := Of(values[0].Type.Element, values[0].Type.Shape...)
	for _, v := range values[1:] {
		for i, d := range v.Type.Shape {
			if v.Type.Element != t.Element || len(t.Shape) != v.Type.Rank() || i != axis && d != t.Shape[i] {
				fail("concatenate", "%s and %s along axis %d", values[0].Type, v.Type, axis)
			}
		}
		t.Shape[axis] += v.Type.Shape[axis]
	}
	return b.op(t, "concatenate %s, dim = %d : (%s) -> %s", join(values), axis, join(types(values)), t)
}

// Pad puts elements with a value, a scalar, before, after and between (interior) those
// of x along each axis; nil interior means none. Negative numbers before and after
// take elements away.
func (b *Builder) Pad(x, value Value, before, after, interior []int) Value {
	rank := x.Type.Rank()
	if interior == nil {
		interior = make([]int, rank)
	}
	if len(before) != rank || len(after) != rank || len(interior) != rank || !value.Type.Equal(Scalar(x.Type.Element)) {
		fail("pad", "%v, %v, %v and %s for %s", before, after, interior, value.Type, x.Type)
	}
	t := Of(x.Type.Element, x.Type.Shape...)
	for i, n := range t.Shape {
		t.Shape[i] = before[i] + n + max(n-1, 0)*interior[i] + after[i]
		if t.Shape[i] < 0 || interior[i] < 0 {
			fail("pad", "%v, %v and %v for %s", before, after, interior, x.Type)
		}
	}
	if t.Equal(x.Type) && !slices.ContainsFunc(slices.Concat(before, after, interior), func(n int) bool { return n != 0 }) {
		return x
	}
	return b.op(t, "pad %s, %s, low = %s, high = %s, interior = %s : (%s, %s) -> %s",
		x, value, list(before), list(after), list(interior), x.Type, value.Type, t)
}

// Barrier returns x, computed once and kept in memory: no operation before it is fused
// with one after it.
func (b *Builder) Barrier(x Value) Value {
	return b.op(x.Type, "optimization_barrier %s : %s", x, x.Type)
}

// A GatherSpec says which parts of a tensor a Gather takes, in StableHLO's words.
type GatherSpec struct {
	OffsetDims, CollapsedSliceDims, StartIndexMap []int
	IndexVectorDim                                int
	SliceSizes                                    []int
	// Sorted says that the indices rise, so that XLA need not check it.
	Sorted bool
}

// Gather returns parts of x that begin at indices, which are clamped so that they fit.
func (b *Builder) Gather(x, indices Value, result []int, s GatherSpec) Value {
	t := Of(x.Type.Element, result...)
	numbers := fmt.Sprintf("offset_dims = %s, collapsed_slice_dims = %s, start_index_map = %s, index_vector_dim = %d",
		list(s.OffsetDims), list(s.CollapsedSliceDims), list(s.StartIndexMap), s.IndexVectorDim)
	v := b.value(t)
	b.line(`%s = "stablehlo.gather"(%s, %s) <{dimension_numbers = #stablehlo.gather<%s>, indices_are_sorted = %t, slice_sizes = %s}> : (%s, %s) -> %s`,
		v, x, indices, numbers, s.Sorted, array(s.SliceSizes), x.Type, indices.Type, t)
	return v
}
