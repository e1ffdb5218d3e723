package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/strideml/stride/internal/atomicfile"
	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/tensor"
)

// An Entry is one tensor of a file.
type Entry = tensor.Named

// A File is the content of a safetensors file. Entries are in the order of
// the file's header. Names must be unique, and "__metadata__" is reserved.
type File struct {
	Entries  []Entry
	Metadata map[string]string // nil if there is none
	// DType is the type of the numbers that Write writes: F32, F16 or BF16. "" means
	// F32. Load and Read leave it empty.
	DType DType
}

// dtype returns the type of what is written.
func (f *File) dtype() (DType, error) {
	switch f.DType {
	case "":
		return F32, nil
	case F32, F16, BF16:
		return f.DType, nil
	}
	return "", fmt.Errorf("dtype %.40q cannot be written, only F32, F16 and BF16 can", f.DType)
}

// Get returns the tensor with the given name.
func (f *File) Get(name string) (*tensor.Tensor, bool) {
	for i := range f.Entries {
		if f.Entries[i].Name == name {
			return f.Entries[i].Tensor, true
		}
	}
	return nil, false
}

// Write writes the file with all tensors of one type, F32 unless DType says otherwise,
// one after the other in the order of Entries. F16 and BF16 are rounded to the nearest,
// ties to even; a finite value that is too large for them is an error, which may leave
// a part of the file written. The header lists the metadata first, sorted by key, and
// is padded with spaces so that the data begins at a multiple of 8 bytes. It
// is an error, and nothing is written, if a name is empty, reserved, used
// twice, longer than 4096 bytes or not UTF-8, or if a tensor is nil, was released or has
// more than 64 axes.
func (f *File) Write(w io.Writer) error {
	dtype, err := f.dtype()
	if err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	header, err := f.header(dtype)
	if err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	for _, e := range f.Entries {
		if err := rawnum.WriteAs(w, e.Tensor.Data(), dtypes[dtype]); err != nil {
			return fmt.Errorf("safetensors: write tensor %q: %w", e.Name, err)
		}
	}
	return nil
}

// Save writes the file to path as [File.Write] does. The file appears whole
// or not at all: on an error an older file at path is as it was.
func (f *File) Save(path string) error {
	if err := atomicfile.WriteFile(path, f.Write); err != nil {
		return fmt.Errorf("safetensors: save: %w", err)
	}
	return nil
}

// header returns the length and the padded JSON.
func (f *File) header(dtype DType) ([]byte, error) {
	b := []byte{'{'}
	if len(f.Metadata) > 0 {
		b = append(b, `"`+metadataKey+`":{`...)
		for i, key := range slices.Sorted(maps.Keys(f.Metadata)) {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendString(b, key); err != nil {
				return nil, fmt.Errorf("metadata key: %w", err)
			}
			b = append(b, ':')
			if b, err = appendString(b, f.Metadata[key]); err != nil {
				return nil, fmt.Errorf("metadata %q: %w", key, err)
			}
		}
		b = append(b, '}')
	}
	seen := make(map[string]bool, len(f.Entries))
	offset := 0
	for i, e := range f.Entries {
		switch {
		case e.Name == "":
			return nil, fmt.Errorf("tensor %d has no name", i)
		case len(e.Name) > maxName:
			return nil, fmt.Errorf("name of tensor %d has %d bytes, at most %d are supported", i, len(e.Name), maxName)
		case e.Name == metadataKey:
			return nil, fmt.Errorf("tensor %d has the reserved name %q", i, e.Name)
		case seen[e.Name]:
			return nil, fmt.Errorf("two tensors have the name %q", e.Name)
		case e.Tensor == nil:
			return nil, fmt.Errorf("tensor %q is nil", e.Name)
		case e.Tensor.Released():
			return nil, fmt.Errorf("the elements of tensor %q were released", e.Name)
		case e.Tensor.Rank() > maxRank:
			return nil, fmt.Errorf("tensor %q has %d axes, at most %d are supported", e.Name, e.Tensor.Rank(), maxRank)
		}
		if err := e.Tensor.Fetch(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.Name, err)
		}
		seen[e.Name] = true
		if len(b) > 1 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendString(b, e.Name); err != nil {
			return nil, fmt.Errorf("name of tensor %d: %w", i, err)
		}
		b = append(b, `:{"dtype":"`+string(dtype)+`","shape":[`...)
		for axis, d := range e.Tensor.Shape() {
			if axis > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(b, int64(d), 10)
		}
		b = append(b, `],"data_offsets":[`...)
		b = strconv.AppendInt(b, int64(offset), 10)
		offset += dtypes[dtype].Size() * e.Tensor.Size()
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(offset), 10)
		b = append(b, "]}"...)
	}
	return packHeader(b)
}

// packHeader closes the JSON, pads it and puts its length in front.
func packHeader(b []byte) ([]byte, error) {
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, the format allows %d", len(b), maxHeader)
	}
	h := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(b)), uint64(len(b)))
	return append(h, b...), nil
}

// appendString appends a JSON string.
func appendString(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%q is not valid UTF-8", s)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...), nil
}
