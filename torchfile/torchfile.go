package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/internal/sniff"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/torchfile/internal/pickle"
)

// A File is an open checkpoint. Its tensors can be read until it is closed, by
// several goroutines at once.
type File struct {
	// Tensors are the weights, in the order of the file.
	Tensors []*Tensor
	// Key says where in the file they were found, such as "state_dict"; "" if they
	// are the file's only content.
	Key string
	// Classes are the names of the classes by index; nil if the file has none.
	Classes []string
	// Values are the other entries of the file: nil, bool, int64, float64, string,
	// []any and map[string]any, at most 65,536 of them. Objects and tensors are left
	// out.
	Values map[string]any

	r      io.ReaderAt
	size   int64
	order  binary.ByteOrder
	closer io.Closer // nil if the caller closes r
}

// Open opens the file at path. Errors name it and say what is wrong.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait
		return nil, fmt.Errorf("torchfile: %s: is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	var file *File
	if info, err = f.Stat(); err == nil {
		file, err = open(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("torchfile: %s: %w", path, err)
	}
	file.closer = f
	return file, nil
}

// NewFile reads a checkpoint of size bytes from r, which must stay readable while
// tensors are read.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	return f, nil
}

// Close closes the file that Open has opened.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// State reads all tensors. Those that share memory in the file are copies here.
// It fails, before it reads any, if the tensors together are larger than a file of
// this size can plausibly hold.
func (f *File) State() ([]tensor.Named, error) {
	total := int64(0)
	for _, t := range f.Tensors {
		n := int64(t.Shape.Size())
		if total += 4 * n; total > f.limit() {
			return nil, fmt.Errorf("torchfile: the tensors take more than %d bytes, which is more than a file of %d bytes should hold", f.limit(), f.size)
		}
	}
	state := make([]tensor.Named, len(f.Tensors))
	for i, t := range f.Tensors {
		x, err := t.Read()
		if err != nil {
			return nil, err
		}
		state[i] = tensor.Named{Name: t.Name, Tensor: x}
	}
	return state, nil
}

// limit is the number of bytes that tensors may take.
func (f *File) limit() int64 { return 64<<20 + 4*f.size }

// pickleBudget is how much memory the values of the pickle may take. Those of real
// files take far less.
func pickleBudget(size int64) int64 { return 24<<20 + 2*size }

// open finds out which format it is and reads all but the values.
func open(r io.ReaderAt, size int64) (*File, error) {
	start := make([]byte, min(size, sniff.Length))
	if _, err := r.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	f := &File{r: r, size: size}
	switch {
	case size == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(start, []byte("PK")):
		return f, f.readZip()
	case isTar(start):
		return nil, errors.New("this is a tar archive, the format of PyTorch before version 0.1.10, which is not read because reading it is not safe (CVE-2025-32434): " +
			"if you trust the file, load it in Python with torch.load(path, weights_only=False) and save it again with torch.save")
	case len(start) > 1 && start[0] == 0x80 && start[1] >= 2 && start[1] <= 5:
		return f, f.readLegacy()
	}
	if what := sniff.Describe(start); what != "" {
		return nil, fmt.Errorf("not a file of torch.save: it is %s", what)
	}
	return nil, errors.New("not a file of torch.save: it begins neither as a ZIP archive nor as a pickle")
}

// isTar knows a tar archive by its first header.
func isTar(start []byte) bool {
	if len(start) >= 262 && bytes.Equal(start[257:262], []byte("ustar")) {
		return true
	}
	for _, name := range []string{"sys_info\x00", "pickle\x00", "storages\x00", "tensors\x00"} {
		if bytes.HasPrefix(start, []byte(name)) {
			return true
		}
	}
	return false
}

// newDecoder reads pickles from a part of the file.
func (f *File) newDecoder(offset, n int64, s *storages) *pickle.Decoder {
	d := pickle.NewDecoder(io.NewSectionReader(f.r, offset, n), pickleBudget(f.size))
	d.Persistent = s.persistent
	d.Sealed = isRebuild
	return d
}
