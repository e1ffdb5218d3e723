// Package idx reads the IDX files in which MNIST and its relatives come: a
// four-byte magic number that says the element type and the number of
// dimensions, the dimensions as 32-bit big-endian numbers, and the elements.
// Only unsigned bytes are supported as elements; files of other types are called that.
// A file may be gzipped; that is seen from its contents, not from its name. As RFC 1952
// allows, it may have several members, any header fields, and zeros at its end.
//
// The files are taken to be hostile: a header is checked before memory is
// taken, and no more is ever decompressed than the header says plus one byte.
package idx

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/strideml/stride/internal/sniff"
)

// unsignedBytes is the code of the one supported element type.
const unsignedBytes = 0x08

// trusted is how many bytes are set aside on the word of a header alone;
// beyond it memory grows as data arrives.
const trusted = 64 << 20

// Read reads an IDX file of bytes and returns its elements. The pattern dims
// says what is expected: the number of dimensions and, where positive, their
// lengths; where 0, any length of at least 1 is taken. limit is the largest
// number of elements allowed. The name is for errors, each one sentence that
// says what was found and what was expected. The header's dimensions come back
// in shape.
func Read(r io.Reader, name string, limit int, dims ...int) (elements []byte, shape []int, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	body := in
	if start, err := in.Peek(2); err == nil && start[0] == 0x1f && start[1] == 0x8b {
		unzipped, err := newMembers(in)
		if err != nil {
			return nil, nil, failed(name, "its gzip header", err)
		}
		body = bufio.NewReaderSize(unzipped, sniff.Length)
	}
	start, _ := body.Peek(sniff.Length) // what it cannot read, readHeader reports
	what := sniff.Describe(start)
	shape, err = readHeader(body, name, limit, dims)
	switch {
	case err != nil && what != "":
		return nil, nil, fmt.Errorf("%s is not the IDX file it should be: it is %s", name, what)
	case err != nil:
		return nil, nil, err
	}
	elements, err = readElements(body, name, shape)
	if err != nil {
		return nil, nil, err
	}
	// One byte more must not be there; asking for it also makes gzip compare its checksum.
	switch n, err := io.ReadFull(body, make([]byte, 1)); {
	case n > 0:
		return nil, nil, fmt.Errorf("%s is too long: its header says %s, which is %d bytes, and more follow", name, times(shape), len(elements))
	case err != io.EOF:
		return nil, nil, failed(name, "its end", err)
	}
	if err := checkPadding(in); err != nil { // of a file that is not gzipped nothing is left
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return elements, shape, nil
}

// readHeader reads and checks magic number and dimensions.
func readHeader(r io.Reader, name string, limit int, dims []int) ([]int, error) {
	header := make([]byte, 4+4*len(dims))
	if n, err := io.ReadFull(r, header[:4]); err != nil {
		return nil, short(name, "its magic number", n, 4, err)
	}
	want := uint32(unsignedBytes<<8 | len(dims))
	if magic := binary.BigEndian.Uint32(header); magic != want {
		return nil, fmt.Errorf("%s is not the IDX file it should be: its magic number is %#08x%s, want %#08x%s", name, magic, kindOf(magic), want, kindOf(want))
	}
	if n, err := io.ReadFull(r, header[4:]); err != nil {
		return nil, short(name, "its dimensions", n, len(header)-4, err)
	}
	shape, total := make([]int, len(dims)), uint64(1)
	for i, want := range dims {
		found := binary.BigEndian.Uint32(header[4+4*i:])
		if found == 0 || want > 0 && uint64(found) != uint64(want) {
			return nil, fmt.Errorf("%s has length %d in dimension %d of %d: want %s", name, found, i+1, len(dims), orPositive(want))
		}
		// total ≤ limit here, and both factors fit 32 bits or an int each.
		if uint64(found) > uint64(limit)/total {
			return nil, fmt.Errorf("%s claims more than %d bytes, at dimension %d of length %d: that is not believable", name, limit, i+1, found)
		}
		total *= uint64(found)
		shape[i] = int(found)
	}
	return shape, nil
}

// types are the element types of IDX by their codes, as LeCun's page of MNIST has them.
var types = map[uint32]string{
	0x08: "bytes", 0x09: "signed bytes", 0x0B: "16-bit integers", 0x0C: "32-bit integers", 0x0D: "32-bit floats", 0x0E: "64-bit floats",
}

// kindOf says what a magic number stands for, in words to append, or "".
func kindOf(magic uint32) string {
	kind, ok := types[magic>>8]
	switch {
	case ok && magic&0xFF == 1:
		return " (" + kind + " in 1 dimension)"
	case ok:
		return fmt.Sprintf(" (%s in %d dimensions)", kind, magic&0xFF)
	}
	if _, ok := types[bits.ReverseBytes32(magic)>>8]; ok {
		return " (the bytes of a magic number in reverse order)"
	}
	return ""
}

func orPositive(want int) string {
	if want > 0 {
		return strconv.Itoa(want)
	}
	return "at least 1"
}

// readElements reads as many bytes as shape says.
func readElements(r io.Reader, name string, shape []int) ([]byte, error) {
	total := product(shape)
	elements := make([]byte, min(total, trusted))
	filled := 0
	for {
		n, err := io.ReadFull(r, elements[filled:])
		filled += n
		if err != nil {
			return nil, short(name, "its "+times(shape)+" bytes", filled, total, err)
		}
		if filled == total {
			return elements, nil
		}
		elements = append(elements, make([]byte, min(total-filled, filled))...)
	}
}

// short is the error of a read that ended early: either the file does, or it cannot be read on.
func short(name, what string, found, want int, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%s is cut short in %s: found %d of %d bytes: %w", name, what, found, want, io.ErrUnexpectedEOF)
	}
	return failed(name, what, err)
}

// failed is the error of a read that went wrong otherwise.
func failed(name, what string, err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, gzip.ErrChecksum):
		return fmt.Errorf("%s is damaged: its contents do not match their gzip checksum: %w", name, err)
	case errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return fmt.Errorf("%s is damaged: it cannot be decompressed at %s: %w", name, what, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s is cut short at %s: %w", name, what, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("read %s at %s: %w", name, what, err)
}

func product(shape []int) int {
	total := 1
	for _, n := range shape {
		total *= n
	}
	return total
}

func times(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "×")
}
