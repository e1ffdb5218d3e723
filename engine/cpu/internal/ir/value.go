package ir

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

// A Layout is the order in which the elements of a value lie in memory.
type Layout uint8

// The layouts. Before the layout pass all values are Unset.
const (
	Unset Layout = iota
	// Plain is row-major, as the graph sees it.
	Plain
	// NHWC has the channels of a pixel side by side. Values of rank 4 only.
	NHWC
)

func (l Layout) String() string { return [...]string{"unset", "plain", "NHWC"}[l] }

// A Type is the type of the elements of a value in memory.
type Type uint8

// The types.
const (
	Float32 Type = iota
	// Uint8 elements stand for numbers: see [Quantize].
	Uint8
)

// A Value is the result of an operation or a leaf.
type Value struct {
	// ID numbers the values of a Func from 0.
	ID int
	// Node is the node of the graph whose result this is, for messages. Several
	// values may have the same node: one for each layout, and helpers.
	Node *graph.Node
	// Shape is the shape as the graph sees it, whatever the layout.
	Shape tensor.Shape
	// Layout says how the elements lie in memory, and Type what they are.
	Layout Layout
	Type   Type
	// Def is the operation that makes the value, nil for leaves.
	Def *Op
	// Fixed values depend on nothing but constants and variables that the program
	// does not assign. Vars are those variables: the value changes only when one of
	// them does.
	Fixed bool
	Vars  []*graph.Variable

	// Base is the value of the same type whose memory this one is a part of, nil if it
	// has memory of its own. Offset is where it begins there, in elements; Pitch is
	// the distance from pixel to pixel, 0 if the pixels are side by side.
	Base   *Value
	Offset int
	Pitch  int
	// Slot is the place in the result of a concatenation that the value may be
	// computed in, nil if there is none.
	Slot *Slot
}

// A Slot is a range of the channels of a concatenation.
type Slot struct {
	// Root is the result of the outermost concatenation.
	Root *Value
	// Offset is the first channel. Pitch is the number of channels of Root.
	Offset, Pitch int
	// Owner is the value that was placed there last, nil while it is free.
	Owner *Value
}

// Leaf reports whether the value is an input, a variable or a constant.
func (v *Value) Leaf() bool { return v.Def == nil }

// Root returns the value that owns the memory, and the index of the first element of v
// in it.
func (v *Value) Root() (root *Value, offset int) {
	for v.Base != nil {
		offset += v.Offset
		v = v.Base
	}
	return v, offset
}

// Image reports whether the value has rank 4: N×C×H×W.
func (v *Value) Image() bool { return len(v.Shape) == 4 }

// PixelPitch is the distance in elements from pixel to pixel of an image in NHWC.
func (v *Value) PixelPitch() int {
	if v.Pitch != 0 {
		return v.Pitch
	}
	return v.Shape[1]
}

// RowPitch is the distance from row to row of a value whose rows are channels:
// the pixels of an image in NHWC, the rows of any other value.
func (v *Value) RowPitch() int {
	if v.Image() {
		return v.PixelPitch()
	}
	return v.Shape[len(v.Shape)-1]
}

// Dense reports whether nothing lies between the elements of the value.
func (v *Value) Dense() bool { return v.Pitch == 0 || v.Pitch == v.Shape[1] }

// PitchOrZero is the pitch of a value that is not dense, otherwise 0.
func (v *Value) PitchOrZero() int {
	if v.Dense() {
		return 0
	}
	return v.Pitch
}

// Coincides reports whether dense values of the shape are the same in both layouts:
// images of one channel or of one pixel.
func Coincides(shape tensor.Shape) bool {
	return len(shape) == 4 && (shape[1] == 1 || shape[2]*shape[3] == 1)
}

// Has reports whether the value can be read in the layout without a conversion.
func (v *Value) Has(l Layout) bool {
	return v.Layout == l || v.Layout != Unset && v.Dense() && Coincides(v.Shape)
}

// Strides returns the distance in memory between neighbours along each axis.
func (v *Value) Strides() []int {
	s := make([]int, len(v.Shape))
	if v.Layout == NHWC {
		pitch, h, w := v.PixelPitch(), v.Shape[2], v.Shape[3]
		s[0], s[1], s[2], s[3] = h*w*pitch, 1, w*pitch, pitch
		return s
	}
	step := 1
	for i := len(v.Shape) - 1; i >= 0; i-- {
		s[i] = step
		step *= v.Shape[i]
	}
	return s
}

// Extent is the number of elements from the first element to the last, both included.
func (v *Value) Extent() int {
	if v.Dense() {
		return v.Shape.Size()
	}
	return (v.Shape.Size()/v.Shape[1]-1)*v.Pitch + v.Shape[1]
}

func (v *Value) String() string {
	s := fmt.Sprintf("v%d %v", v.ID, v.Shape)
	if v.Type == Uint8 {
		s += " uint8"
	}
	if v.Layout == NHWC {
		s += " NHWC"
	}
	if v.Base != nil {
		s += fmt.Sprintf(" in v%d+%d", v.Base.ID, v.Offset)
		if v.Pitch != 0 {
			s += fmt.Sprintf("/%d", v.Pitch)
		}
	}
	return s
}
