package stablehlo

import (
	"fmt"
	"slices"
)

// A Combine is the operation of a reduction: a method of Builder such as
// (*Builder).Add.
type Combine func(b *Builder, x, y Value) Value

// combine makes the body of a reduction of one tensor.
func combine(f Combine) Body {
	return func(b *Builder, args []Value) []Value { return []Value{f(b, args[0], args[1])} }
}

// Reduce combines the elements of x along axes with f, beginning with the scalar
// start. The axes go.
func (b *Builder) Reduce(x, start Value, f Combine, axes ...int) Value {
	return b.ReduceAll([]Value{x}, []Value{start}, axes, combine(f))[0]
}

// ReduceAll reduces several tensors of one shape together. The body takes a number of
// each tensor, and another of each, and returns them combined; start has scalars.
func (b *Builder) ReduceAll(x, start []Value, axes []int, body Body) []Value {
	shape := []int{}
	for i, n := range x[0].Type.Shape {
		if !slices.Contains(axes, i) {
			shape = append(shape, n)
		}
	}
	if len(shape)+len(axes) != x[0].Type.Rank() {
		fail("reduce", "axes %v of %s", axes, x[0].Type)
	}
	results := checkReduction("reduce", x, start, shape)
	args := scalars(x)
	return b.bodies("reduce", slices.Concat(x, start), "dimensions = "+array(axes), results, [][]Type{slices.Concat(args, args)}, body)
}

// checkReduction returns the types of the results of a reduction.
func checkReduction(op string, x, start []Value, shape []int) []Type {
	results := make([]Type, len(x))
	for i, v := range x {
		if !slices.Equal(v.Type.Shape, x[0].Type.Shape) || i >= len(start) || !start[i].Type.Equal(Scalar(v.Type.Element)) {
			fail(op, "%v with %v", join(types(x)), join(types(start)))
		}
		results[i] = Of(v.Type.Element, shape...)
	}
	return results
}

func scalars(values []Value) []Type {
	list := make([]Type, len(values))
	for i, v := range values {
		list[i] = Scalar(v.Type.Element)
	}
	return list
}

// A Window says how a window moves over the axes of a tensor. Stride and Dilation
// may be nil for 1 along all axes, Pad for none.
type Window struct {
	Size, Stride, Dilation []int
	Pad                    [][2]int // elements before and after
}

func (w Window) attributes(op string, rank int, dilation bool) (Window, string) {
	ones := slices.Repeat([]int{1}, rank)
	if w.Stride == nil {
		w.Stride = ones
	}
	if w.Dilation == nil {
		w.Dilation = ones
	}
	if w.Pad == nil {
		w.Pad = make([][2]int, rank)
	}
	if len(w.Size) != rank || len(w.Stride) != rank || len(w.Dilation) != rank || len(w.Pad) != rank {
		fail(op, "window %v for rank %d", w, rank)
	}
	text := fmt.Sprintf("padding = %s, window_dimensions = %s, window_strides = %s", pairs(w.Pad), array(w.Size), array(w.Stride))
	if dilation {
		text += ", window_dilations = " + array(w.Dilation)
	}
	return w, text
}

// output is the number of positions of a window along an axis of n elements.
func (w Window) output(axis, n int) int {
	span := w.Pad[axis][0] + n + w.Pad[axis][1] - (w.Dilation[axis]*(w.Size[axis]-1) + 1)
	if span < 0 {
		return 0
	}
	return span/w.Stride[axis] + 1
}

// ReduceWindow combines the elements of each window of x with f, beginning with the
// scalar start, which padding counts as, too.
func (b *Builder) ReduceWindow(x, start Value, f Combine, w Window) Value {
	return b.ReduceWindowAll([]Value{x}, []Value{start}, w, combine(f))[0]
}

// ReduceWindowAll reduces windows of several tensors of one shape together; see
// ReduceAll.
func (b *Builder) ReduceWindowAll(x, start []Value, w Window, body Body) []Value {
	w, text := w.attributes("reduce_window", x[0].Type.Rank(), true)
	shape := make([]int, x[0].Type.Rank())
	for i, n := range x[0].Type.Shape {
		shape[i] = w.output(i, n)
	}
	results := checkReduction("reduce_window", x, start, shape)
	args := scalars(x)
	return b.bodies("reduce_window", slices.Concat(x, start), text, results, [][]Type{slices.Concat(args, args)}, body)
}

// SelectAndScatter chooses an element of each window of x and adds the window's
// element of source to it, in a tensor of the shape of x that is filled with the
// scalar start. Of the window's elements in row-major order, the first is chosen, and
// then each other for which keep of the chosen one and it is false. Dilation must
// be nil.
func (b *Builder) SelectAndScatter(x, source, start Value, keep Combine, w Window) Value {
	w, text := w.attributes("select_and_scatter", x.Type.Rank(), false)
	for i, n := range x.Type.Shape {
		if w.output(i, n) != source.Type.Shape[i] {
			fail("select_and_scatter", "%s and %s with window %v", x.Type, source.Type, w)
		}
	}
	scalar := Scalar(x.Type.Element)
	args := [][]Type{{scalar, scalar}, {scalar, scalar}}
	return b.bodies("select_and_scatter", []Value{x, source, start}, text, []Type{x.Type}, args, combine(keep), combine((*Builder).Add))[0]
}

// While repeats body, which takes some values and returns their next ones, as long as
// condition, which takes them too, returns a true scalar. Both may use values from
// outside.
func (b *Builder) While(values []Value, condition func(b *Builder, args []Value) Value, body Body) []Value {
	t := types(values)
	return b.bodies("while", values, "", t, [][]Type{t, t},
		func(b *Builder, args []Value) []Value { return []Value{condition(b, args)} }, body)
}

// Sort sorts tensors of one shape along an axis, together. less takes a number of the
// first tensor and one to compare it with, then those of the second, and so on, and
// returns whether the first elements stand before the second ones.
func (b *Builder) Sort(values []Value, axis int, stable bool, less func(b *Builder, args []Value) Value) []Value {
	var args []Type
	for _, v := range values {
		args = append(args, Scalar(v.Type.Element), Scalar(v.Type.Element))
	}
	text := fmt.Sprintf("dimension = %d : i64, is_stable = %t", axis, stable)
	return b.bodies("sort", values, text, types(values), [][]Type{args},
		func(b *Builder, args []Value) []Value { return []Value{less(b, args)} })
}

// A ScatterSpec says where a Scatter puts its updates, in StableHLO's words.
type ScatterSpec struct {
	UpdateWindowDims, InsertedWindowDims, ScatterDimsToOperandDims []int
	IndexVectorDim                                                 int
	// Sorted and Unique say that the indices rise and that none is there twice.
	Sorted, Unique bool
}

// Scatter combines updates with parts of x that begin at indices; those that do not
// fit are left out. On GPUs the order of several updates of one element is
// undefined, unless XLA compiles deterministic operations.
func (b *Builder) Scatter(x, indices, updates Value, f Combine, s ScatterSpec) Value {
	text := fmt.Sprintf("indices_are_sorted = %t, scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = %s, inserted_window_dims = %s, scatter_dims_to_operand_dims = %s, index_vector_dim = %d>, unique_indices = %t",
		s.Sorted, list(s.UpdateWindowDims), list(s.InsertedWindowDims), list(s.ScatterDimsToOperandDims), s.IndexVectorDim, s.Unique)
	scalar := Scalar(x.Type.Element)
	return b.bodies("scatter", []Value{x, indices, updates}, text, []Type{x.Type}, [][]Type{{scalar, scalar}}, combine(f))[0]
}

// AllReduce combines the values that all replicas of the program have of x with f.
// groups lists the replicas of each group that combine theirs.
func (b *Builder) AllReduce(x Value, f Combine, groups [][]int) Value {
	rows := make([]string, len(groups))
	for i, g := range groups {
		rows[i] = list(g)
		if len(g) != len(groups[0]) {
			fail("all_reduce", "groups of different sizes: %v", groups)
		}
	}
	text := fmt.Sprintf("replica_groups = dense<%s> : tensor<%dx%dxi64>", list(rows), len(groups), len(groups[0]))
	scalar := Scalar(x.Type.Element)
	return b.bodies("all_reduce", []Value{x}, text, []Type{x.Type}, [][]Type{{scalar, scalar}}, combine(f))[0]
}
