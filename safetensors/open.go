package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/tensor"
)

// A DType is the name that the format has for a type of numbers.
type DType string

// The types that can be read. Files are written with F32, F16 or BF16.
const (
	Bool DType = "BOOL"
	I8   DType = "I8"
	I16  DType = "I16"
	I32  DType = "I32"
	I64  DType = "I64"
	U8   DType = "U8"
	U16  DType = "U16"
	U32  DType = "U32"
	U64  DType = "U64"
	F16  DType = "F16"
	BF16 DType = "BF16"
	F32  DType = "F32"
	F64  DType = "F64"
)

// A Reader is an open file, or a set of files that an index lists. Its tensors can be
// read until it is closed, by several goroutines at once.
type Reader struct {
	// Tensors are in the order of the file's header; those of several files are in the
	// order of the files' names.
	Tensors []*Tensor
	// Metadata are those of the file, of the first one of several; nil if there are
	// none.
	Metadata map[string]string

	byName  map[string]*Tensor
	closers []io.Closer
}

// A Tensor is a tensor of a file, whose values have not been read yet.
type Tensor struct {
	Name  string
	DType DType
	Shape tensor.Shape // without axes for a single number

	kind     rawnum.Kind
	elements int
	r        io.ReaderAt
	offset   int64
	path     string // of the file, in errors
}

// Open opens the file at path, or all files that the index at path lists: its name ends
// in .safetensors.index.json. It reads their headers and no values. All files of an
// index must be in its folder: names with separators and symbolic links out of it are
// refused. Errors name the file and, where it is one tensor's fault, the tensor.
func Open(path string) (*Reader, error) {
	if strings.HasSuffix(strings.ToLower(path), indexSuffix) {
		return openIndex(path)
	}
	if err := checkRegular(os.Stat(path)); err != nil { // opening a pipe would wait
		return nil, fmt.Errorf("safetensors: open %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: open: %w", err)
	}
	r, err := openFile(f, path)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("safetensors: open %s: %w", path, err)
	}
	return r, nil
}

// openFile reads the header of a file, which the Reader will close.
func openFile(f *os.File, path string) (*Reader, error) {
	info, err := f.Stat()
	if err := checkRegular(info, err); err != nil {
		return nil, err
	}
	r, err := newReader(f, info.Size(), path)
	if err == nil {
		r.closers = []io.Closer{f}
	}
	return r, err
}

// NewReader reads the header of a file of size bytes from r, which must stay readable
// while tensors are read.
func NewReader(r io.ReaderAt, size int64) (*Reader, error) {
	file, err := newReader(r, size, "")
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return file, nil
}

// checkRegular takes the results of Stat.
func checkRegular(info fs.FileInfo, err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return path.Err
	}
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	return err
}

func newReader(r io.ReaderAt, size int64, path string) (*Reader, error) {
	start := recorder{r: io.NewSectionReader(r, 0, size)}
	text, err := readHeader(&start, size)
	if err != nil {
		return nil, start.otherwise(err)
	}
	infos, metadata, err := parseHeader(text)
	if err != nil {
		return nil, start.otherwise(err)
	}
	begin := 8 + int64(len(text))
	if _, err := layout(infos, size-begin); err != nil {
		return nil, err
	}
	file := &Reader{Metadata: metadata, Tensors: make([]*Tensor, len(infos)), byName: make(map[string]*Tensor, len(infos))}
	for i, info := range infos {
		t := &Tensor{
			Name: info.name, DType: DType(info.dtype), Shape: info.shape,
			kind: info.kind, elements: info.elements, r: r, offset: begin + info.begin, path: path,
		}
		file.Tensors[i], file.byName[t.Name] = t, t
	}
	return file, nil
}

// Find returns the tensor with the given name; nil if there is none.
func (r *Reader) Find(name string) *Tensor { return r.byName[name] }

// File reads all tensors.
func (r *Reader) File() (*File, error) {
	f := &File{Entries: make([]Entry, len(r.Tensors)), Metadata: r.Metadata}
	for i, t := range r.Tensors {
		x, err := t.Read()
		if err != nil {
			return nil, err
		}
		f.Entries[i] = Entry{Name: t.Name, Tensor: x}
	}
	return f, nil
}

// Close closes the files that Open has opened.
func (r *Reader) Close() error {
	var failures []error
	for _, c := range r.closers {
		failures = append(failures, c.Close())
	}
	return errors.Join(failures...)
}

// Read reads the values of a tensor, and nothing else of the file, as float32: float64
// and large integers are rounded, booleans are 0 and 1. The error names the tensor.
func (t *Tensor) Read() (*tensor.Tensor, error) {
	section := io.NewSectionReader(t.r, t.offset, int64(t.elements)*int64(t.kind.Size()))
	data, err := rawnum.Read(section, t.kind, binary.LittleEndian, t.elements, true)
	if err == nil {
		var x *tensor.Tensor
		if x, err = tensor.FromSlice(data, t.Shape...); err == nil {
			return x, nil
		}
	}
	in := ""
	if t.path != "" {
		in = t.path + ": "
	}
	return nil, fmt.Errorf("safetensors: %stensor %q (%s %v): %w", in, t.Name, t.DType, t.Shape, err)
}

// join returns the path of a file in the folder of another one.
func join(beside, name string) string { return filepath.Join(filepath.Dir(beside), name) }
