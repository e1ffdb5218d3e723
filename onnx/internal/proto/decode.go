package proto

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// maxDepth bounds how deep messages lie in each other. A graph in an attribute of a
// node of a graph, which only control flow has, takes three levels.
const maxDepth = 48

// Memory for what is decoded, in bytes: baseMemory and memoryPerByte for each byte of the
// file. A message of two bytes becomes a struct of more than a hundred, so that a file of
// nothing but empty messages would take far more memory than it has bytes.
const (
	baseMemory    = 32 << 20
	memoryPerByte = 2
)

// Decode decodes a ModelProto. The bytes of tensors are parts of data, see Tensor.Raw;
// all else is copied. Decode takes no more memory than 32 MB and twice the length of data:
// a file that needs more is refused, as is one in which messages are nested more than
// 48 deep, or in which a message occurs twice where one is allowed.
func Decode(data []byte) (*Model, error) {
	d := newDecoder(data)
	m := &Model{}
	if err := d.model(data, m); err != nil {
		return nil, fmt.Errorf("not a valid ONNX file: %w", err)
	}
	return m, nil
}

// DecodeTensor decodes a TensorProto, as in the files of ONNX's test data. The same is
// true of it as of Decode.
func DecodeTensor(data []byte) (*Tensor, error) {
	d := newDecoder(data)
	t, err := d.tensor(data)
	if err != nil {
		return nil, fmt.Errorf("not a valid ONNX tensor: %w", err)
	}
	return t, nil
}

func newDecoder(data []byte) *decoder {
	return &decoder{memory: baseMemory + memoryPerByte*int64(len(data))}
}

// A decoder counts what a file has taken so far.
type decoder struct {
	memory int64 // that is left
	depth  int
}

var (
	errMemory = errors.New("it has too many small parts for its length")
	errTwice  = errors.New("there are two of a part that must occur once")
)

// spend takes n bytes of the memory that is left.
func (d *decoder) spend(n int) error {
	if d.memory -= int64(n); d.memory < 0 {
		return errMemory
	}
	return nil
}

// A field is one field of a message. Its bytes are those of a string, a message or packed
// numbers; otherwise bits has its number.
type field struct {
	number protowire.Number
	wire   protowire.Type
	bits   uint64
	bytes  []byte
}

// message calls read for each field of a message, in order.
func (d *decoder) message(what string, b []byte, read func(f field) error) error {
	if d.depth++; d.depth > maxDepth {
		return fmt.Errorf("messages are nested more than %d deep", maxDepth)
	}
	defer func() { d.depth-- }()
	for len(b) > 0 {
		f, n, err := nextField(b)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		b = b[n:]
		if err := read(f); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// nextField returns the first field of b and its length.
func nextField(b []byte) (field, int, error) {
	number, wire, n := protowire.ConsumeTag(b)
	if n < 0 {
		return field{}, 0, protowire.ParseError(n)
	}
	f, m := field{number: number, wire: wire}, 0
	switch wire {
	case protowire.VarintType:
		f.bits, m = protowire.ConsumeVarint(b[n:])
	case protowire.Fixed32Type:
		var bits uint32
		bits, m = protowire.ConsumeFixed32(b[n:])
		f.bits = uint64(bits)
	case protowire.Fixed64Type:
		f.bits, m = protowire.ConsumeFixed64(b[n:])
	case protowire.BytesType:
		f.bytes, m = protowire.ConsumeBytes(b[n:])
	default: // a group, which ONNX never had
		m = protowire.ConsumeFieldValue(number, wire, b[n:])
	}
	if m < 0 {
		return field{}, 0, protowire.ParseError(m)
	}
	return f, n + m, nil
}

// want reports a field of another wire type.
func (f field) want(wire protowire.Type) error {
	if f.wire != wire {
		return fmt.Errorf("field %d has wire type %d, want %d", f.number, f.wire, wire)
	}
	return nil
}

func (f field) int64(to *int64) error {
	*to = int64(f.bits)
	return f.want(protowire.VarintType)
}

func (f field) float32(to *float32) error {
	*to = math.Float32frombits(uint32(f.bits))
	return f.want(protowire.Fixed32Type)
}

func (d *decoder) string(f field, to *string) error {
	if err := errors.Join(f.want(protowire.BytesType), d.spend(len(f.bytes))); err != nil {
		return err
	}
	*to = string(f.bytes)
	return nil
}

func (d *decoder) addString(f field, to *[]string) error {
	var s string
	if err := errors.Join(d.spend(48), d.string(f, &s)); err != nil {
		return err
	}
	*to = append(*to, s)
	return nil
}

// numbers appends the numbers of a repeated field, packed or not, each of which size
// bytes of memory hold.
func numbers[T any](d *decoder, f field, wire protowire.Type, size int, to *[]T, convert func(bits uint64) T) error {
	if f.wire == wire {
		if err := d.spend(3 * size); err != nil { // append keeps room for more
			return err
		}
		*to = append(*to, convert(f.bits))
		return nil
	}
	if err := f.want(protowire.BytesType); err != nil {
		return err
	}
	count := countNumbers(f.bytes, wire)
	if err := d.spend(count * size); err != nil {
		return err
	}
	if *to == nil {
		*to = make([]T, 0, count)
	}
	for b := f.bytes; len(b) > 0; {
		var bits uint64
		var n int
		switch wire {
		case protowire.Fixed32Type:
			var half uint32
			half, n = protowire.ConsumeFixed32(b)
			bits = uint64(half)
		case protowire.Fixed64Type:
			bits, n = protowire.ConsumeFixed64(b)
		default:
			bits, n = protowire.ConsumeVarint(b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		*to = append(*to, convert(bits))
		b = b[n:]
	}
	return nil
}

// countNumbers returns how many numbers packed bytes hold. The last byte of a varint is
// below 0x80.
func countNumbers(b []byte, wire protowire.Type) int {
	switch wire {
	case protowire.Fixed32Type:
		return len(b) / 4
	case protowire.Fixed64Type:
		return len(b) / 8
	}
	count := 0
	for _, c := range b {
		if c < 0x80 {
			count++
		}
	}
	return count
}

func (d *decoder) int64s(f field, to *[]int64) error {
	return numbers(d, f, protowire.VarintType, 8, to, func(bits uint64) int64 { return int64(bits) })
}

func (d *decoder) float32s(f field, to *[]float32) error {
	return numbers(d, f, protowire.Fixed32Type, 4, to, func(bits uint64) float32 { return math.Float32frombits(uint32(bits)) })
}

func (d *decoder) float64s(f field, to *[]float64) error {
	return numbers(d, f, protowire.Fixed64Type, 8, to, math.Float64frombits)
}

// add decodes a message and appends it, where size bytes hold one.
func add[T any](d *decoder, f field, size int, to *[]T, decode func(b []byte) (T, error)) error {
	if err := errors.Join(f.want(protowire.BytesType), d.spend(size)); err != nil {
		return err
	}
	v, err := decode(f.bytes)
	if err != nil {
		return err
	}
	*to = append(*to, v)
	return nil
}

// once decodes a message that must occur once.
func once[T any](d *decoder, f field, size int, to **T, decode func(b []byte) (*T, error)) error {
	if *to != nil {
		return errTwice
	}
	err := errors.Join(f.want(protowire.BytesType), d.spend(size))
	if err == nil {
		*to, err = decode(f.bytes)
	}
	return err
}
