package fonts

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"golang.org/x/image/font/sfnt"
)

// maxAligned bounds the size of a font that is copied.
const maxAligned = 256 << 20

// aligned copies one font of a file, with each table at a multiple of four bytes, as
// package sfnt requires. OpenType does, too, but WenQuanYi Micro Hei, the Chinese font
// of many Linux systems, has tables anywhere.
func aligned(in io.ReaderAt, index int) (*sfnt.Font, error) {
	start, err := fontAt(in, index)
	if err != nil {
		return nil, err
	}
	header, err := read(in, start, 12)
	if err != nil {
		return nil, err
	}
	const entry = 16 // tag, checksum, offset, length
	count := int(binary.BigEndian.Uint16(header[4:]))
	directory, err := read(in, start+12, entry*count)
	if err != nil {
		return nil, err
	}
	out := slices.Concat(header, directory)
	for i := range count {
		e := directory[entry*i : entry*(i+1)]
		at, length := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
		if len(out)+int(length) > maxAligned {
			return nil, errors.New("it is too large")
		}
		table, err := read(in, int64(at), int(length))
		if err != nil {
			return nil, err
		}
		binary.BigEndian.PutUint32(out[12+entry*i+8:], uint32(len(out)))
		out = append(out, table...)
		out = append(out, make([]byte, -len(out)&3)...)
	}
	return sfnt.Parse(out)
}

// fontAt returns where a font of a file begins: at 0 unless it is a collection.
func fontAt(in io.ReaderAt, index int) (int64, error) {
	tag, err := read(in, 0, 4)
	if err != nil || string(tag) != "ttcf" {
		return 0, err
	}
	offset, err := read(in, 12+4*int64(index), 4)
	if err != nil {
		return 0, err
	}
	return int64(binary.BigEndian.Uint32(offset)), nil
}

// read reads bytes of a file. Memory grows with what is there, not with what a damaged
// file says.
func read(in io.ReaderAt, at int64, n int) ([]byte, error) {
	b, err := io.ReadAll(io.NewSectionReader(in, at, int64(n)))
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}
