package proto

import (
	"fmt"
	"io"
	"strconv"
)

// pageSize is the alignment of external tensors, which lets readers map them. ONNX
// recommends it.
const pageSize = 4096

// leastExternal is the number of bytes from which a tensor becomes external: the
// default of ONNX's own tools.
const leastExternal = 1024

// A DataFile is the content of a file of external data: tensors at multiples of 4,096
// bytes, and zeros between them.
type DataFile struct {
	tensors []piece
	offsets []int64
	size    int64
}

// MoveData takes the elements of the large initializers out of a model and returns the
// file to which they go: tensors of type Float with FloatData, and those with Raw, of at
// least 1,024 bytes. location is the name that the model refers to: that of a file in
// the model's own folder.
func MoveData(m *Model, location string) *DataFile {
	file := &DataFile{}
	for _, t := range m.Graph.Initializers {
		p := piece{bytes: t.Raw}
		if t.Type == Float && t.FloatData != nil {
			p = piece{floats: t.FloatData}
		}
		if t.IsExternal || p.size() < leastExternal {
			continue
		}
		offset := (file.size + pageSize - 1) / pageSize * pageSize
		file.tensors = append(file.tensors, p)
		file.offsets = append(file.offsets, offset)
		file.size = offset + p.size()
		t.Raw, t.FloatData, t.IsExternal = nil, nil, true
		t.External = []Property{
			{"location", location},
			{"offset", strconv.FormatInt(offset, 10)},
			{"length", strconv.FormatInt(p.size(), 10)},
		}
	}
	return file
}

// Write writes the file's content.
func (f *DataFile) Write(w io.Writer) error {
	var zeros [pageSize]byte
	at := int64(0)
	for i, p := range f.tensors {
		if _, err := w.Write(zeros[:f.offsets[i]-at]); err != nil {
			return fmt.Errorf("external data: %w", err)
		}
		if err := p.writeTo(w); err != nil {
			return fmt.Errorf("external data: %w", err)
		}
		at = f.offsets[i] + p.size()
	}
	return nil
}
