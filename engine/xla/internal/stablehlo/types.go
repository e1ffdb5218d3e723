package stablehlo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Element is a type of numbers.
type Element int

// The types of numbers: truth values, floating point, and integers with and without
// a sign.
const (
	Bool Element = iota
	F32
	BF16
	F64
	I32
	U8
	U32
	U64
)

var elements = [...]struct {
	name string
	bits int
}{{"i1", 1}, {"f32", 32}, {"bf16", 16}, {"f64", 64}, {"i32", 32}, {"ui8", 8}, {"ui32", 32}, {"ui64", 64}}

// String returns the name in StableHLO, such as "f32".
func (e Element) String() string { return elements[e].name }

// Float reports whether the numbers are floating point.
func (e Element) Float() bool { return e == F32 || e == BF16 || e == F64 }

// A Type is the type of a tensor: its elements and its shape.
type Type struct {
	Element Element
	Shape   []int
}

// Of returns the type of tensors with the given elements and shape.
func Of(e Element, shape ...int) Type { return Type{e, slices.Clone(shape)} }

// Scalar returns the type of a single number.
func Scalar(e Element) Type { return Type{Element: e} }

// With returns the type of tensors of the same shape and other elements.
func (t Type) With(e Element) Type { return Type{e, t.Shape} }

// Size is the number of elements.
func (t Type) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Rank is the number of axes.
func (t Type) Rank() int { return len(t.Shape) }

// Equal reports whether two types are the same.
func (t Type) Equal(u Type) bool { return t.Element == u.Element && slices.Equal(t.Shape, u.Shape) }

// String returns the type as StableHLO has it, such as "tensor<2x3xf32>".
func (t Type) String() string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range t.Shape {
		b.WriteString(strconv.Itoa(d))
		b.WriteByte('x')
	}
	b.WriteString(t.Element.String())
	b.WriteByte('>')
	return b.String()
}

// A Value is the result of an operation, or an argument.
type Value struct {
	name string
	Type Type
}

// String returns the value's name in the text, such as "%12".
func (v Value) String() string { return v.name }

// Shape is the shape of the value's type. The caller must not change it.
func (v Value) Shape() []int { return v.Type.Shape }

// An Error is a use of an operation that StableHLO does not allow.
type Error struct {
	// Op is the operation.
	Op string
	// Problem says which rule is broken.
	Problem string
}

// Error returns the operation and the problem.
func (e *Error) Error() string { return "stablehlo." + e.Op + ": " + e.Problem }

func fail(op, format string, args ...any) {
	panic(&Error{op, fmt.Sprintf(format, args...)})
}

// Catch turns a panic of a Builder's method into an error:
//
//	defer stablehlo.Catch(&err)
func Catch(err *error) {
	switch r := recover().(type) {
	case nil:
	case *Error:
		*err = r
	default:
		panic(r)
	}
}

func types(values []Value) []Type {
	list := make([]Type, len(values))
	for i, v := range values {
		list[i] = v.Type
	}
	return list
}

// join writes a list with commas.
func join[T any](list []T) string {
	var b strings.Builder
	for i, x := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, x)
	}
	return b.String()
}

// list writes numbers as "[1, 2]".
func list[T any](numbers []T) string { return "[" + join(numbers) + "]" }

// array writes numbers as an attribute: "array<i64: 1, 2>".
func array(numbers []int) string {
	if len(numbers) == 0 {
		return "array<i64>"
	}
	return "array<i64: " + join(numbers) + ">"
}

// pairs writes pairs of numbers, one for each axis, as an attribute.
func pairs(p [][2]int) string {
	rows := make([]string, len(p))
	for i, r := range p {
		rows[i] = list(r[:])
	}
	if len(p) == 0 {
		return "dense<> : tensor<0x2xi64>"
	}
	return fmt.Sprintf("dense<%s> : tensor<%dx2xi64>", list(rows), len(p))
}
