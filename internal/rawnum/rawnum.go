package rawnum

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"unsafe"

	"github.com/strideml/stride/internal/hugepage"
)

// A Kind is the type of one element in a file.
type Kind uint8

// The kinds that [Read] converts. Bool is one byte, where anything but 0
// means true and becomes 1. BFloat16 is the upper half of a float32.
const (
	Bool Kind = iota + 1
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float16
	BFloat16
	Float32
	Float64
)

// Size returns the number of bytes of one element, or 0 for an unknown kind.
func (k Kind) Size() int {
	switch k {
	case Bool, Int8, Uint8:
		return 1
	case Int16, Uint16, Float16, BFloat16:
		return 2
	case Int32, Uint32, Float32:
		return 4
	case Int64, Uint64, Float64:
		return 8
	}
	return 0
}

// native is the byte order of this machine, in which float32 elements are copied as they are.
var native = nativeOrder()

func nativeOrder() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// chunk is how many elements are decoded at a time.
const chunk = 32 << 10

// Read decodes n elements of kind k from r. It reads exactly their bytes.
// Set trusted if it is known that r holds that many; otherwise the result
// grows with the data, so that at most a small multiple of what r delivers is
// ever allocated. A reader that ends early gives an error that wraps
// [io.ErrUnexpectedEOF] and tells how many elements were there.
func Read(r io.Reader, k Kind, order binary.ByteOrder, n int, trusted bool) ([]float32, error) {
	size := k.Size()
	if size == 0 {
		return nil, fmt.Errorf("unknown kind of number %d", k)
	}
	if n < 0 {
		return nil, fmt.Errorf("negative number of elements %d", n)
	}
	capacity := n
	if !trusted {
		capacity = min(n, chunk)
	}
	dst := hugepage.Floats(capacity)[:0]
	buf := make([]byte, min(n, chunk)*size)
	for len(dst) < n {
		m := min(n-len(dst), chunk)
		got, err := io.ReadFull(r, buf[:m*size])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("data ends after %d of %d elements: %w", len(dst)+got/size, n, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, err
		}
		if cap(dst)-len(dst) < m {
			grown := make([]float32, len(dst), min(n, 2*cap(dst)+m))
			copy(grown, dst)
			dst = grown
		}
		dst = dst[:len(dst)+m]
		Decode(dst[len(dst)-m:], buf, k, order)
	}
	return dst, nil
}

// Decode decodes len(dst) elements of kind k from b, which must have as many.
func Decode(dst []float32, b []byte, k Kind, order binary.ByteOrder) {
	if k == Float32 && order == native && len(dst) > 0 {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), 4*len(dst)), b[:4*len(dst)])
		return
	}
	switch k {
	case Bool:
		for i := range dst {
			if b[i] != 0 {
				dst[i] = 1
			} else {
				dst[i] = 0
			}
		}
	case Int8:
		for i := range dst {
			dst[i] = float32(int8(b[i]))
		}
	case Uint8:
		for i := range dst {
			dst[i] = float32(b[i])
		}
	case Int16:
		for i := range dst {
			dst[i] = float32(int16(order.Uint16(b[2*i:])))
		}
	case Uint16:
		for i := range dst {
			dst[i] = float32(order.Uint16(b[2*i:]))
		}
	case Int32:
		for i := range dst {
			dst[i] = float32(int32(order.Uint32(b[4*i:])))
		}
	case Uint32:
		for i := range dst {
			dst[i] = float32(order.Uint32(b[4*i:]))
		}
	case Int64:
		for i := range dst {
			dst[i] = float32(int64(order.Uint64(b[8*i:])))
		}
	case Uint64:
		for i := range dst {
			dst[i] = float32(order.Uint64(b[8*i:]))
		}
	case Float16:
		for i := range dst {
			dst[i] = FromFloat16(order.Uint16(b[2*i:]))
		}
	case BFloat16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(order.Uint16(b[2*i:])) << 16)
		}
	case Float32:
		for i := range dst {
			dst[i] = math.Float32frombits(order.Uint32(b[4*i:]))
		}
	case Float64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(order.Uint64(b[8*i:])))
		}
	}
}

// FromFloat16 converts the bits of an IEEE 754 half-precision number, which
// float32 holds exactly. NaNs keep their payload.
func FromFloat16(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h >> 10 & 0x1f)
	frac := uint32(h & 0x3ff)
	switch exp {
	case 0: // zero or subnormal: frac · 2⁻²⁴
		v := float32(frac) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(v))
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

// Write encodes src as little-endian float32, keeping all bits.
func Write(w io.Writer, src []float32) error { return WriteAs(w, src, Float32) }

// WriteAs encodes src as little-endian numbers of kind k: Float32, Float16 or
// BFloat16, of which the last two are rounded to the nearest, ties to even. A finite
// number that is rounded to infinity is an error, which says which one it is.
func WriteAs(w io.Writer, src []float32, k Kind) error {
	size := k.Size()
	if k != Float32 && k != Float16 && k != BFloat16 {
		return fmt.Errorf("numbers of kind %d cannot be written", k)
	}
	buf := make([]byte, size*min(len(src), chunk))
	for done := 0; done < len(src); done += chunk {
		part := src[done:min(done+chunk, len(src))]
		if i := encode(buf, part, k); i >= 0 {
			return fmt.Errorf("value %d, %v, is too large for 16 bits", done+i, part[i])
		}
		if _, err := w.Write(buf[:size*len(part)]); err != nil {
			return err
		}
	}
	return nil
}

// encode fills buf, and returns the index of the first number that is too large; -1 if
// there is none.
func encode(buf []byte, src []float32, k Kind) int {
	le := binary.LittleEndian
	switch k {
	case Float32:
		for i, v := range src {
			le.PutUint32(buf[4*i:], math.Float32bits(v))
		}
	case Float16:
		for i, v := range src {
			h := ToFloat16(v)
			if h&0x7fff == 0x7c00 && !math.IsInf(float64(v), 0) {
				return i
			}
			le.PutUint16(buf[2*i:], h)
		}
	case BFloat16:
		for i, v := range src {
			h := ToBFloat16(v)
			if h&0x7fff == 0x7f80 && !math.IsInf(float64(v), 0) {
				return i
			}
			le.PutUint16(buf[2*i:], h)
		}
	}
	return -1
}

// ToFloat16 rounds to the nearest half-precision number, ties to even: beyond 65519 to
// infinity. NaNs stay NaNs.
func ToFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, exp, frac := uint16(bits>>16&0x8000), int(bits>>23&0xff), bits&0x7fffff
	switch {
	case exp == 0xff && frac != 0:
		return sign | 0x7e00 | uint16(frac>>13)
	case exp >= 127+16: // too large, or infinity
		return sign | 0x7c00
	case exp >= 127-14: // normal; a carry goes into the exponent
		return sign | uint16(roundShift(uint32(exp-127+15)<<23|frac, 13))
	case exp >= 127-25: // subnormal: frac · 2⁻²⁴
		return sign | uint16(roundShift(frac|0x800000, uint(126-exp)))
	}
	return sign
}

// ToBFloat16 rounds to the nearest number that is the upper half of a float32, ties to
// even. NaNs stay NaNs.
func ToBFloat16(v float32) uint16 {
	bits := math.Float32bits(v)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16(roundShift(bits, 16))
}

// roundShift divides by 2ⁿ and rounds to the nearest, ties to even.
func roundShift(x uint32, n uint) uint32 {
	half := uint32(1)<<(n-1) - 1
	return (x + half + x>>n&1) >> n
}
