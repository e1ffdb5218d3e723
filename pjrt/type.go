package pjrt

import "fmt"

// A Type is the type of the elements of a buffer. The numbers are PJRT's.
type Type int32

// The types of PJRT_Buffer_Type whose elements occupy whole bytes. Invalid is none.
const (
	Invalid Type = iota
	Pred         // a bool, in a byte
	S8
	S16
	S32
	S64
	U8
	U16
	U32
	U64
	F16
	F32
	F64
	BF16
	C64
	C128
	F8E5M2
	F8E4M3FN
	F8E4M3B11FNUZ
	F8E5M2FNUZ
	F8E4M3FNUZ
)

var types = [...]struct {
	name string
	size int
}{
	{"invalid", 0}, {"i1", 1}, {"i8", 1}, {"i16", 2}, {"i32", 4}, {"i64", 8},
	{"ui8", 1}, {"ui16", 2}, {"ui32", 4}, {"ui64", 8}, {"f16", 2}, {"f32", 4}, {"f64", 8},
	{"bf16", 2}, {"complex<f32>", 8}, {"complex<f64>", 16}, {"f8E5M2", 1}, {"f8E4M3FN", 1},
	{"f8E4M3B11FNUZ", 1}, {"f8E5M2FNUZ", 1}, {"f8E4M3FNUZ", 1},
}

// String is the name of the type in StableHLO's text, such as "f32".
func (t Type) String() string {
	if t < 0 || int(t) >= len(types) {
		return fmt.Sprintf("type %d", int32(t))
	}
	return types[t].name
}

// Size is the number of bytes of an element, 0 for a type that is not among the
// constants.
func (t Type) Size() int {
	if t < 0 || int(t) >= len(types) {
		return 0
	}
	return types[t].size
}

// An Element is a type of Go with a [Type] of the same form.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64 | complex64 | complex128
}

// TypeOf returns the Type for T, such as F32 for float32.
func TypeOf[T Element]() Type {
	var zero T
	switch any(zero).(type) {
	case bool:
		return Pred
	case int8:
		return S8
	case int16:
		return S16
	case int32:
		return S32
	case int64:
		return S64
	case uint8:
		return U8
	case uint16:
		return U16
	case uint32:
		return U32
	case uint64:
		return U64
	case float32:
		return F32
	case float64:
		return F64
	case complex64:
		return C64
	}
	return C128
}

// A Shape is the type and the dimensions of an array.
type Shape struct {
	Type Type
	Dims []int // empty for a scalar
}

// String is the shape in StableHLO's text, such as "tensor<8x3x224x224xf32>".
func (s Shape) String() string {
	text := "tensor<"
	for _, d := range s.Dims {
		text += fmt.Sprintf("%dx", d)
	}
	return text + s.Type.String() + ">"
}

// Len is the number of elements.
func (s Shape) Len() int {
	n := 1
	for _, d := range s.Dims {
		n *= d
	}
	return n
}

// Bytes is the size of the array in the host's memory: the elements in row-major order
// without gaps.
func (s Shape) Bytes() int { return s.Len() * s.Type.Size() }
