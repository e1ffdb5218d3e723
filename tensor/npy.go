package tensor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/rawnum"
)

const (
	npyMagic = "\x93NUMPY"

	// maxNPYHeader bounds the header's text. Headers of plain arrays have
	// less than 300 bytes; only structured types come near this.
	maxNPYHeader = 64 << 10

	// maxNPYRank is NumPy's own limit since version 2.
	maxNPYRank = 64

	// maxNPYElements bounds the size of an array, 16 GiB as float32.
	maxNPYElements = min(math.MaxInt/4, 1<<32)
)

// ReadNPY reads one array in NumPy's .npy format and converts it to float32.
//
// Versions 1.0, 2.0 and 3.0 of the format are understood, in C or Fortran
// order and little- or big-endian, with elements of the types float16,
// float32, float64, int8 to int64, uint8 to uint64 and bool. Values that
// float32 does not hold are rounded to the nearest; true becomes 1. An array
// in Fortran order keeps its shape and is reordered.
//
// ReadNPY reads no further than the array ends, so arrays may follow one
// another in a stream. It takes memory as data arrives, whatever the header
// claims. An array that ends early gives an error that wraps
// [io.ErrUnexpectedEOF].
func ReadNPY(r io.Reader) (*Tensor, error) {
	t, err := readNPY(r, -1)
	if err != nil {
		return nil, fmt.Errorf("tensor: read npy: %w", err)
	}
	return t, nil
}

// LoadNPY reads the .npy file at path as [ReadNPY] does. Unlike that, it is
// an error if anything follows the array. Errors name the path.
func LoadNPY(path string) (*Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tensor: load npy: %w", err)
	}
	defer f.Close()
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	t, err := readNPY(f, size)
	if err != nil {
		return nil, fmt.Errorf("tensor: load npy %s: %w", path, err)
	}
	if _, err := io.ReadFull(f, make([]byte, 1)); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, fmt.Errorf("tensor: load npy %s: %w", path, err)
		}
		return nil, fmt.Errorf("tensor: load npy %s: more data follows the %v array", path, t.shape)
	}
	return t, nil
}

// readNPY reads an array from a source of the given size; -1 if unknown.
func readNPY(r io.Reader, size int64) (*Tensor, error) {
	header, offset, err := readNPYHeader(r)
	if err != nil {
		return nil, err
	}
	h, err := parseNPYHeader(header)
	if err != nil {
		return nil, err
	}
	n, err := h.shape.checkedSize()
	if err != nil {
		return nil, err
	}
	if n > maxNPYElements {
		return nil, fmt.Errorf("shape %v has %d elements, at most %d are supported", h.shape, n, maxNPYElements)
	}
	need := int64(n) * int64(h.kind.Size())
	if size >= 0 && size-offset < need {
		return nil, fmt.Errorf("shape %v of type %s needs %d bytes after the header, the file has %d: %w",
			h.shape, h.descr, need, max(0, size-offset), io.ErrUnexpectedEOF)
	}
	data, err := rawnum.Read(r, h.kind, h.order, n, size >= 0)
	if err != nil {
		return nil, fmt.Errorf("array of shape %v and type %s: %w", h.shape, h.descr, err)
	}
	if !h.fortran {
		return &Tensor{shape: h.shape, data: data}, nil
	}
	reversed := make(Shape, len(h.shape))
	for i, d := range h.shape {
		reversed[len(reversed)-1-i] = d
	}
	return (&Tensor{shape: reversed, data: data}).Transpose()
}

// readNPYHeader returns the text of the header and the number of bytes up to
// its end.
func readNPYHeader(r io.Reader) (string, int64, error) {
	var b [12]byte
	if err := readFull(r, b[:8], "magic number"); err != nil {
		return "", 0, err
	}
	if string(b[:6]) != npyMagic {
		return "", 0, fmt.Errorf("not an .npy file: it starts with %q, expected %q", b[:6], npyMagic)
	}
	start, length := int64(10), int64(0)
	switch version := b[6]; version {
	case 1:
		if err := readFull(r, b[8:10], "header length"); err != nil {
			return "", 0, err
		}
		length = int64(binary.LittleEndian.Uint16(b[8:]))
	case 2, 3:
		if err := readFull(r, b[8:12], "header length"); err != nil {
			return "", 0, err
		}
		start, length = 12, int64(binary.LittleEndian.Uint32(b[8:]))
	default:
		return "", 0, fmt.Errorf("format version %d.%d, expected 1, 2 or 3", version, b[7])
	}
	if length > maxNPYHeader {
		return "", 0, fmt.Errorf("header of %d bytes, at most %d are supported", length, maxNPYHeader)
	}
	text := make([]byte, length)
	if err := readFull(r, text, "header"); err != nil {
		return "", 0, err
	}
	return string(text), start + length, nil
}

// readFull fills b or reports that the file ends within the named part.
func readFull(r io.Reader, b []byte, part string) error {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("file ends in the %s, after %d of %d bytes: %w", part, n, len(b), io.ErrUnexpectedEOF)
	}
	return err
}

// WriteNPY writes the tensor in version 1.0 of NumPy's .npy format, as
// little-endian float32 in C order. The bytes are those that numpy.save
// writes (NumPy 1.23 and later; older ones pad the header less).
func (t *Tensor) WriteNPY(w io.Writer) error {
	if len(t.shape) > maxNPYRank {
		return fmt.Errorf("tensor: write npy: rank %d, the format allows %d", len(t.shape), maxNPYRank)
	}
	if _, err := w.Write(npyHeader(t.shape)); err != nil {
		return fmt.Errorf("tensor: write npy: %w", err)
	}
	if err := rawnum.Write(w, t.Data()); err != nil {
		return fmt.Errorf("tensor: write npy: %w", err)
	}
	return nil
}

// SaveNPY writes the tensor to a file as [Tensor.WriteNPY] does. The file
// appears whole or not at all: on an error an older file at path is as it
// was.
func (t *Tensor) SaveNPY(path string) error {
	if err := atomicfile.WriteFile(path, t.WriteNPY); err != nil {
		return fmt.Errorf("tensor: save npy: %w", err)
	}
	return nil
}

// npyHeader returns everything that goes before the data.
func npyHeader(s Shape) []byte {
	var b strings.Builder
	b.WriteString("{'descr': '<f4', 'fortran_order': False, 'shape': (")
	for i, d := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	if len(s) == 1 {
		b.WriteByte(',')
	}
	b.WriteString("), }")
	if len(s) > 0 {
		// NumPy leaves room for the first length to grow to 21 digits, so
		// that rows can be appended in place.
		const digits = 21
		b.WriteString(strings.Repeat(" ", digits-len(strconv.Itoa(s[0]))))
	}
	// The data starts at a multiple of 64 bytes, and the header ends with a
	// newline. NumPy pads by 64 where no padding is needed.
	const prefix, align = len(npyMagic) + 4, 64
	pad := align - (prefix+b.Len()+1)%align
	length := b.Len() + pad + 1

	h := append(make([]byte, 0, prefix+length), npyMagic...)
	h = append(h, 1, 0)
	h = binary.LittleEndian.AppendUint16(h, uint16(length))
	h = append(h, b.String()...)
	h = append(h, strings.Repeat(" ", pad)...)
	return append(h, '\n')
}
