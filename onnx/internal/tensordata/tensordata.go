// Package tensordata reads the elements of the tensors of ONNX files, from the file itself
// and from files of external data.
package tensordata

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"github.com/strideml/stride/internal/filemap"
	"github.com/strideml/stride/internal/hugepage"
	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/onnx/internal/proto"
	"github.com/strideml/stride/tensor"
)

// MaxIntegers is the largest number of elements that Ints and Float64s return: these are
// for shapes, indices and small constants, and take up to eight times the memory of the file.
const MaxIntegers = 1 << 20

// A Reader reads the elements of tensors. It must be closed.
type Reader struct {
	// Main is the file that the tensors are in, if it is mapped; it may be nil. The memory of
	// what Floats has read is given back.
	Main *filemap.Mapping

	folder *os.Root // nil without files of external data
	files  map[string]*outside
}

// NewReader returns a reader for the tensors of a file in the given folder, which has its
// external data. With folder "" a tensor with external data is an error.
func NewReader(folder string) (*Reader, error) {
	r := &Reader{files: map[string]*outside{}}
	if folder == "" {
		return r, nil
	}
	var err error
	r.folder, err = os.OpenRoot(folder)
	return r, err
}

// kinds are the types whose elements are numbers.
var kinds = map[proto.DataType]rawnum.Kind{
	proto.Float: rawnum.Float32, proto.Double: rawnum.Float64, proto.Float16: rawnum.Float16, proto.BFloat16: rawnum.BFloat16,
	proto.Int8: rawnum.Int8, proto.Int16: rawnum.Int16, proto.Int32: rawnum.Int32, proto.Int64: rawnum.Int64,
	proto.Uint8: rawnum.Uint8, proto.Uint16: rawnum.Uint16, proto.Uint32: rawnum.Uint32, proto.Uint64: rawnum.Uint64,
	proto.Bool: rawnum.Bool,
}

// IsFloat reports whether a type is one of those that are read to float32.
func IsFloat(t proto.DataType) bool {
	switch t {
	case proto.Float, proto.Double, proto.Float16, proto.BFloat16:
		return true
	}
	return false
}

// IsInteger reports whether a type is an integer type or bool.
func IsInteger(t proto.DataType) bool {
	_, ok := kinds[t]
	return ok && !IsFloat(t)
}

// Count returns the number of elements of a tensor. It is an error if a size is negative
// or the product overflows.
func Count(t *proto.Tensor) (int, error) {
	for _, d := range t.Dims {
		if int64(int(d)) != d {
			return 0, fmt.Errorf("tensor %q has the shape %v: %w", t.Name, t.Dims, tensor.ErrTooLarge)
		}
	}
	const widest = 8 // bytes of an element
	n, err := tensor.Shape(Shape(t)).SizeWithin(math.MaxInt / widest)
	if err != nil {
		return 0, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return n, nil
}

// Shape returns the sizes of a tensor that Count accepts.
func Shape(t *proto.Tensor) []int {
	shape := make([]int, len(t.Dims))
	for i, d := range t.Dims {
		shape[i] = int(d)
	}
	return shape
}

// raw returns the little endian bytes of a tensor's elements, or nil if they are in one of
// the fields with numbers. It checks their length.
func (r *Reader) raw(t *proto.Tensor, count int) ([]byte, rawnum.Kind, error) {
	kind, ok := kinds[t.Type]
	if !ok {
		return nil, 0, fmt.Errorf("tensor %q has elements of type %v", t.Name, t.Type)
	}
	size := count * kind.Size()
	switch {
	case t.IsExternal && r.folder == nil:
		return nil, 0, fmt.Errorf("tensor %q is in another file, which cannot be found without the path of this one", t.Name)
	case t.IsExternal:
		b, err := r.external(t, size)
		if err != nil {
			err = fmt.Errorf("external data of tensor %q: %w", t.Name, err)
		}
		return b, kind, err
	case t.Raw == nil:
		return nil, kind, nil
	case len(t.Raw) != size:
		return nil, 0, fmt.Errorf("tensor %q of shape %v has %d bytes, want %d", t.Name, t.Dims, len(t.Raw), size)
	}
	return t.Raw, kind, nil
}

// wrongCount is the error of a field with too few or too many numbers.
func wrongCount(t *proto.Tensor, got, want int) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("tensor %q of shape %v has %d elements, want %d", t.Name, t.Dims, got, want)
}

// Floats returns the elements of a tensor of any type of numbers as float32.
func (r *Reader) Floats(t *proto.Tensor) ([]float32, error) {
	count, err := Count(t)
	if err != nil {
		return nil, err
	}
	b, kind, err := r.raw(t, count)
	if err != nil {
		return nil, err
	}
	if b != nil {
		return r.decode(b, count, kind), nil
	}
	switch t.Type {
	case proto.Float:
		return append([]float32(nil), t.FloatData...), wrongCount(t, len(t.FloatData), count)
	case proto.Double:
		return convert(t.DoubleData, func(v float64) float32 { return float32(v) }), wrongCount(t, len(t.DoubleData), count)
	case proto.Float16, proto.BFloat16:
		if err := wrongCount(t, len(t.Int32Data), count); err != nil {
			return nil, err
		}
		return decode(patterns(t.Int32Data), count, func(dst []float32, b []byte) { rawnum.Decode(dst, b, kind, binary.LittleEndian) }), nil
	}
	ints, err := r.Ints(t)
	return convert(ints, func(v int64) float32 { return float32(v) }), err
}

// decode returns count elements of bytes whose length was checked. It gives back the memory of
// bytes that it has read before it reads on, so that the whole tensor is never in memory twice.
func (r *Reader) decode(b []byte, count int, kind rawnum.Kind) []float32 {
	const piece = 1 << 20 // elements
	floats := hugepage.Floats(count)
	for lo := 0; lo < count; lo += piece {
		hi := min(lo+piece, count)
		part := b[lo*kind.Size() : hi*kind.Size()]
		rawnum.Decode(floats[lo:hi], part, kind, binary.LittleEndian)
		r.release(part)
	}
	return floats
}

// releaseFrom is the least number of bytes whose memory is given back.
const releaseFrom = 1 << 18

// release gives back the memory of bytes of a mapped file.
func (r *Reader) release(b []byte) {
	if len(b) < releaseFrom {
		return
	}
	r.Main.Release(b)
	for _, f := range r.files {
		f.mapping.Release(b)
	}
}

// Float64s returns the elements of a tensor of floating-point numbers, at most
// MaxIntegers.
func (r *Reader) Float64s(t *proto.Tensor) ([]float64, error) {
	count, err := Count(t)
	if err != nil {
		return nil, err
	}
	if count > MaxIntegers {
		return nil, fmt.Errorf("tensor %q of shape %v is too large for a constant that must be known", t.Name, t.Dims)
	}
	if t.Type != proto.Double {
		floats, err := r.Floats(t)
		return convert(floats, func(v float32) float64 { return float64(v) }), err
	}
	b, _, err := r.raw(t, count)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return append([]float64(nil), t.DoubleData...), wrongCount(t, len(t.DoubleData), count)
	}
	return decode(b, count, func(dst []float64, b []byte) {
		for i := range dst {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}), nil
}

// mostIntegers is the most elements of a tensor of integers: MaxIntegers, and more of the bytes that the weights of
// quantized networks are.
func mostIntegers(t proto.DataType) int {
	if t == proto.Int8 || t == proto.Uint8 {
		return 1 << 27
	}
	return MaxIntegers
}

// Ints returns the elements of a tensor of integers or of bool, which are 0 and 1; at most
// MaxIntegers, and 2²⁷ of 8 bits. Those of uint64 above the largest int64 are an error.
func (r *Reader) Ints(t *proto.Tensor) ([]int64, error) {
	count, err := Count(t)
	switch {
	case err != nil:
		return nil, err
	case !IsInteger(t.Type):
		return nil, fmt.Errorf("tensor %q has elements of type %v, want integers", t.Name, t.Type)
	case count > mostIntegers(t.Type):
		return nil, fmt.Errorf("tensor %q of shape %v has too many elements for one of integers", t.Name, t.Dims)
	}
	b, kind, err := r.raw(t, count)
	if err != nil {
		return nil, err
	}
	var ints []int64
	switch {
	case b != nil:
		ints = decode(b, count, func(dst []int64, b []byte) { toInt64(dst, b, kind) })
	case t.Type == proto.Int64:
		ints, err = append([]int64(nil), t.Int64Data...), wrongCount(t, len(t.Int64Data), count)
	case t.Type == proto.Uint32 || t.Type == proto.Uint64:
		ints, err = convert(t.Uint64Data, func(v uint64) int64 { return int64(v) }), wrongCount(t, len(t.Uint64Data), count)
	default:
		ints, err = convert(t.Int32Data, func(v int32) int64 { return int64(v) }), wrongCount(t, len(t.Int32Data), count)
	}
	if err != nil {
		return nil, err
	}
	for i, v := range ints {
		switch {
		case t.Type == proto.Bool && v != 0:
			ints[i] = 1
		case t.Type == proto.Uint64 && v < 0:
			return nil, fmt.Errorf("tensor %q has the element %d, which is too large", t.Name, uint64(v))
		}
	}
	return ints, nil
}

func convert[From, To any](from []From, f func(From) To) []To {
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = f(v)
	}
	return to
}

// decode makes count elements of bytes whose length was checked.
func decode[T any](b []byte, count int, fill func(dst []T, b []byte)) []T {
	dst := make([]T, count)
	fill(dst, b)
	return dst
}

// patterns are the bytes of 16-bit patterns that a file has as integers.
func patterns(from []int32) []byte {
	b := make([]byte, 0, 2*len(from))
	for _, v := range from {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func toInt64(dst []int64, b []byte, kind rawnum.Kind) {
	le := binary.LittleEndian
	for i := range dst {
		switch kind {
		case rawnum.Bool, rawnum.Uint8:
			dst[i] = int64(b[i])
		case rawnum.Int8:
			dst[i] = int64(int8(b[i]))
		case rawnum.Int16:
			dst[i] = int64(int16(le.Uint16(b[2*i:])))
		case rawnum.Uint16:
			dst[i] = int64(le.Uint16(b[2*i:]))
		case rawnum.Int32:
			dst[i] = int64(int32(le.Uint32(b[4*i:])))
		case rawnum.Uint32:
			dst[i] = int64(le.Uint32(b[4*i:]))
		default:
			dst[i] = int64(le.Uint64(b[8*i:]))
		}
	}
}
