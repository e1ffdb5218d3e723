package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/strideml/stride/internal/rawnum"
)

// A DataType is the type of a tensor's elements, by its name in the protocol.
type DataType string

// The types of the protocol. An element of Bytes is a string of bytes of any length: in
// the raw form its length as a uint32, then the bytes.
const (
	Bool   DataType = "BOOL"
	Uint8  DataType = "UINT8"
	Uint16 DataType = "UINT16"
	Uint32 DataType = "UINT32"
	Uint64 DataType = "UINT64"
	Int8   DataType = "INT8"
	Int16  DataType = "INT16"
	Int32  DataType = "INT32"
	Int64  DataType = "INT64"
	FP16   DataType = "FP16"
	FP32   DataType = "FP32"
	FP64   DataType = "FP64"
	Bytes  DataType = "BYTES"
)

// kinds are the numeric types as package rawnum has them.
var kinds = map[DataType]rawnum.Kind{
	Bool: rawnum.Bool, Uint8: rawnum.Uint8, Uint16: rawnum.Uint16, Uint32: rawnum.Uint32, Uint64: rawnum.Uint64,
	Int8: rawnum.Int8, Int16: rawnum.Int16, Int32: rawnum.Int32, Int64: rawnum.Int64,
	FP16: rawnum.Float16, FP32: rawnum.Float32, FP64: rawnum.Float64,
}

// Size returns the number of bytes of an element, 0 for Bytes and for unknown types.
func (d DataType) Size() int { return kinds[d].Size() }

// Known reports whether the protocol has such a type.
func (d DataType) Known() bool { return d == Bytes || d.Size() > 0 }

// Limits of a tensor, far above what models take. They keep sizes that a message only
// claims from overflowing.
const (
	maxRank     = 16
	maxElements = 1 << 40
)

// A Shape is the shape of a tensor. In the metadata of a model, −1 stands for any size.
type Shape []int64

// Elements returns the number of elements. It is an error if a size is negative or the
// tensor is larger than any message.
func (s Shape) Elements() (int, error) {
	if len(s) > maxRank {
		return 0, fmt.Errorf("a shape of %d sizes: want at most %d", len(s), maxRank)
	}
	n, empty := int64(1), false
	for _, size := range s {
		switch {
		case size < 0:
			return 0, fmt.Errorf("shape %v has a negative size", []int64(s))
		case size == 0:
			empty = true
		case n > maxElements/size:
			return 0, fmt.Errorf("shape %v has too many elements", []int64(s))
		default:
			n *= size
		}
	}
	if empty {
		return 0, nil
	}
	return int(n), nil
}

// A Tensor is a tensor of a message.
type Tensor struct {
	Name     string
	DataType DataType
	Shape    Shape
	// Data is the raw form of the elements. It may be a part of the message that the
	// tensor was read from.
	Data []byte
}

// CheckSize reports data that are not those of the shape and the type. For Bytes it walks
// over the elements.
func (t *Tensor) CheckSize() error {
	n, err := t.Shape.Elements()
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	switch size := t.DataType.Size(); {
	case !t.DataType.Known():
		return fmt.Errorf("tensor %q has the datatype %q, which is not known", t.Name, t.DataType)
	case t.DataType == Bytes:
		if err := t.walk(n, func([]byte) {}); err != nil {
			return err
		}
	case len(t.Data)%size != 0 || len(t.Data)/size != n:
		return fmt.Errorf("tensor %q has %d bytes of data: shape %v of %s needs %d", t.Name, len(t.Data), []int64(t.Shape), t.DataType, n*size)
	}
	return nil
}

// walk calls f with each of the n elements of a tensor of Bytes.
func (t *Tensor) walk(n int, f func(element []byte)) error {
	rest := t.Data
	for i := range n {
		if len(rest) < 4 {
			return fmt.Errorf("tensor %q: the data end at element %d of %d", t.Name, i, n)
		}
		length := int64(binary.LittleEndian.Uint32(rest))
		if rest = rest[4:]; length > int64(len(rest)) {
			return fmt.Errorf("tensor %q: element %d is said to have %d bytes, but %d are left", t.Name, i, length, len(rest))
		}
		f(rest[:length])
		rest = rest[length:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("tensor %q has %d bytes after its %d elements", t.Name, len(rest), n)
	}
	return nil
}

// Strings returns the elements of a tensor of Bytes, which are parts of Data.
func (t *Tensor) Strings() ([][]byte, error) {
	n, err := t.Shape.Elements()
	if err != nil || t.DataType != Bytes {
		return nil, fmt.Errorf("tensor %q is no tensor of BYTES", t.Name)
	}
	var elements [][]byte
	err = t.walk(n, func(element []byte) { elements = append(elements, element) })
	return elements, err
}

// AppendString appends an element of a tensor of Bytes to its raw form.
func AppendString(data []byte, element string) []byte {
	return append(binary.LittleEndian.AppendUint32(data, uint32(len(element))), element...)
}

// Float32s writes the elements to dst, which must have their number, rounded to the
// nearest float32; true is 1. It is an error for a tensor of Bytes and for data of another size.
func (t *Tensor) Float32s(dst []float32) error {
	kind, ok := kinds[t.DataType]
	switch {
	case !ok:
		return fmt.Errorf("tensor %q has the datatype %q: want numbers", t.Name, t.DataType)
	case len(t.Data) != len(dst)*kind.Size():
		return fmt.Errorf("tensor %q has %d bytes of data: want %d", t.Name, len(t.Data), len(dst)*kind.Size())
	}
	rawnum.Decode(dst, t.Data, kind, binary.LittleEndian)
	return nil
}

// AppendFloat32s appends the raw form of float32 values.
func AppendFloat32s(data []byte, values []float32) []byte {
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

// AppendNumbers appends the raw form of values of a type: FP32, or INT64, INT32 or BOOL, whose values
// are whole numbers.
func AppendNumbers(data []byte, d DataType, values []float32) []byte {
	switch d {
	case Int64, Int32:
		for _, v := range values {
			data = appendInteger(data, uint64(int64(v)), d.Size())
		}
	case Bool:
		for _, v := range values {
			b := byte(0)
			if v != 0 {
				b = 1
			}
			data = append(data, b)
		}
	default:
		return AppendFloat32s(data, values)
	}
	return data
}

// Float32View returns the elements of a tensor of FP32 as they lie in memory, without a
// copy. ok is false if that cannot be done: for another type, another byte order or data
// that are not aligned.
func (t *Tensor) Float32View() (values []float32, ok bool) {
	if t.DataType != FP32 || len(t.Data) == 0 || len(t.Data)%4 != 0 || binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return nil, false
	}
	p := unsafe.Pointer(&t.Data[0])
	if uintptr(p)%4 != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(p), len(t.Data)/4), true
}
