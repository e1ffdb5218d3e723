package stablehlo

import (
	"fmt"
	"slices"
)

// A Precision says how exactly a product of float32 numbers is computed.
type Precision string

// The precisions.
const (
	// Default is what the device does fastest: TF32 on NVIDIA's GPUs, bfloat16 on TPUs.
	Default Precision = "DEFAULT"
	// High is between the two.
	High Precision = "HIGH"
	// Highest is float32.
	Highest Precision = "HIGHEST"
)

// DotGeneral multiplies tensors: it sums over the contracted axes of x and y, for each
// element of the batch axes and of all others. The axes of the result are the batch
// axes, the others of x and the others of y. Its elements are of the given type.
func (b *Builder) DotGeneral(x, y Value, batch, contract [2][]int, e Element, p Precision) Value {
	t := Type{Element: e}
	for k := range batch[0] {
		if x.Type.Shape[batch[0][k]] != y.Type.Shape[batch[1][k]] {
			fail("dot_general", "batch axes %v of %s and %s", batch, x.Type, y.Type)
		}
		t.Shape = append(t.Shape, x.Type.Shape[batch[0][k]])
	}
	for k := range contract[0] {
		if x.Type.Shape[contract[0][k]] != y.Type.Shape[contract[1][k]] {
			fail("dot_general", "contracted axes %v of %s and %s", contract, x.Type, y.Type)
		}
	}
	for i, v := range []Value{x, y} {
		for axis, n := range v.Type.Shape {
			if !slices.Contains(batch[i], axis) && !slices.Contains(contract[i], axis) {
				t.Shape = append(t.Shape, n)
			}
		}
	}
	batching := ""
	if len(batch[0]) > 0 {
		batching = fmt.Sprintf("batching_dims = %s x %s, ", list(batch[0]), list(batch[1]))
	}
	return b.op(t, "dot_general %s, %s, %scontracting_dims = %s x %s, precision = [%s, %s] : (%s, %s) -> %s",
		x, y, batching, list(contract[0]), list(contract[1]), p, p, x.Type, y.Type, t)
}

// A Conv says how Convolution multiplies a tensor with a kernel, in two dimensions.
type Conv struct {
	// Input, Kernel and Output name the axes of the image (b batch, f features, 0
	// height, 1 width), of the kernel (i and o input and output features) and of the
	// result: "bf01", "oi01", "bf01".
	Input, Kernel, Output string
	// Stride is the distance of windows, Pad the zeros before and after the image along
	// both axes, which may be negative; InputDilation and KernelDilation are the
	// distances of elements. All are at least 1 but Pad.
	Stride, InputDilation, KernelDilation [2]int
	Pad                                   [2][2]int
	// Groups divides the features of input and output into as many groups,
	// BatchGroups the batch of the input and the features of the output. 0 means 1.
	Groups, BatchGroups int
	// Element is the type of the result.
	Element   Element
	Precision Precision
}

// Convolution returns the cross-correlation of x with a kernel.
func (b *Builder) Convolution(x, kernel Value, c Conv) Value {
	c.Groups, c.BatchGroups = max(c.Groups, 1), max(c.BatchGroups, 1)
	size := func(v Value, axes string, axis byte) int { return v.Type.Shape[indexOf(axes, axis)] }
	if size(x, c.Input, 'f') != size(kernel, c.Kernel, 'i')*c.Groups || size(kernel, c.Kernel, 'o')%(c.Groups*c.BatchGroups) != 0 {
		fail("convolution", "features of %s and %s in %d groups", x.Type, kernel.Type, c.Groups)
	}
	t := Of(c.Element, 0, 0, 0, 0)
	t.Shape[indexOf(c.Output, 'b')] = size(x, c.Input, 'b') / c.BatchGroups
	t.Shape[indexOf(c.Output, 'f')] = size(kernel, c.Kernel, 'o')
	for i, axis := range []byte("01") {
		span := c.Pad[i][0] + (size(x, c.Input, axis)-1)*c.InputDilation[i] + 1 + c.Pad[i][1] - (size(kernel, c.Kernel, axis)-1)*c.KernelDilation[i] - 1
		if span < 0 {
			fail("convolution", "%s is smaller than %s with padding %v", x.Type, kernel.Type, c.Pad)
		}
		t.Shape[indexOf(c.Output, axis)] = span/c.Stride[i] + 1
	}
	return b.op(t, "convolution(%s, %s) dim_numbers = %s, window = {stride = %s, pad = %s, lhs_dilate = %s, rhs_dilate = %s} {batch_group_count = %d : i64, feature_group_count = %d : i64, precision_config = [#stablehlo<precision %s>, #stablehlo<precision %s>]} : (%s, %s) -> %s",
		x, kernel, c.axes(), list(c.Stride[:]), list([]string{list(c.Pad[0][:]), list(c.Pad[1][:])}), list(c.InputDilation[:]), list(c.KernelDilation[:]),
		c.BatchGroups, c.Groups, c.Precision, c.Precision, x.Type, kernel.Type, t)
}

// axes writes the names of the axes: "[b, f, 0, 1]x[o, i, 0, 1]->[b, f, 0, 1]".
func (c Conv) axes() string {
	names := func(axes string) string {
		if len(axes) != 4 {
			fail("convolution", "axes %q", axes)
		}
		parts := make([]string, len(axes))
		for i := range axes {
			parts[i] = axes[i : i+1]
		}
		return list(parts)
	}
	return names(c.Input) + "x" + names(c.Kernel) + "->" + names(c.Output)
}

func indexOf(axes string, axis byte) int {
	i := slices.Index([]byte(axes), axis)
	if i < 0 {
		fail("convolution", "axes %q lack %q", axes, axis)
	}
	return i
}
