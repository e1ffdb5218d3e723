package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/strideml/stride/internal/rawnum"
	"github.com/strideml/stride/internal/sniff"
	"github.com/strideml/stride/tensor"
)

const (
	maxHeader   = 100_000_000 // bytes, the limit of the reference implementation
	maxName     = 4096        // bytes of a tensor's name
	maxRank     = 64
	metadataKey = "__metadata__"
)

// dtypes maps the names of the format to what can be converted.
var dtypes = map[DType]rawnum.Kind{
	Bool: rawnum.Bool,
	I8:   rawnum.Int8, I16: rawnum.Int16, I32: rawnum.Int32, I64: rawnum.Int64,
	U8: rawnum.Uint8, U16: rawnum.Uint16, U32: rawnum.Uint32, U64: rawnum.Uint64,
	F16: rawnum.Float16, BF16: rawnum.BFloat16, F32: rawnum.Float32, F64: rawnum.Float64,
}

// Load reads the file at path and converts all tensors to float32. Errors
// name the path and, where it is one tensor's fault, the tensor.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: load: %w", err)
	}
	defer f.Close()
	size := int64(-1)
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	file, err := read(f, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: load %s: %w", path, err)
	}
	return file, nil
}

// Read reads a file from r, which must end where the file does. Memory is
// taken as data arrives, whatever the header claims.
func Read(r io.Reader) (*File, error) {
	file, err := read(r, -1)
	if err != nil {
		return nil, fmt.Errorf("safetensors: read: %w", err)
	}
	return file, nil
}

// read reads a file of the given size; -1 if unknown.
func read(r io.Reader, size int64) (*File, error) {
	start := recorder{r: r}
	text, err := readHeader(&start, size)
	if err != nil {
		return nil, start.otherwise(err)
	}
	infos, metadata, err := parseHeader(text)
	if err != nil {
		return nil, start.otherwise(err)
	}
	dataSize := int64(-1)
	if size >= 0 {
		dataSize = size - 8 - int64(len(text))
	}
	order, err := layout(infos, dataSize)
	if err != nil {
		return nil, err
	}
	file := &File{Entries: make([]Entry, len(infos)), Metadata: metadata}
	for _, i := range order {
		info := &infos[i]
		data, err := rawnum.Read(r, info.kind, binary.LittleEndian, info.elements, size >= 0)
		if err != nil {
			return nil, fmt.Errorf("tensor %q (%s %v): %w", info.name, info.dtype, info.shape, err)
		}
		t, err := tensor.FromSlice(data, info.shape...)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", info.name, err)
		}
		file.Entries[i] = Entry{Name: info.name, Tensor: t}
	}
	switch _, err := io.ReadFull(r, make([]byte, 1)); {
	case err == nil:
		return nil, errors.New("more data follows the last tensor")
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return file, nil
}

// A recorder keeps the beginning of what is read.
type recorder struct {
	r     io.Reader
	start []byte
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.start = append(r.start, p[:min(n, sniff.Length-len(r.start))]...)
	return n, err
}

// otherwise returns an error that says what the file is instead, or err where
// that is not known.
func (r *recorder) otherwise(err error) error {
	// The header's length may have been all that was read.
	_, _ = io.CopyN(io.Discard, r, int64(sniff.Length-len(r.start)))
	if what := sniff.Describe(r.start); what != "" {
		return fmt.Errorf("not a safetensors file: it is %s", what)
	}
	return err
}

// readHeader returns the JSON text.
func readHeader(r io.Reader, size int64) ([]byte, error) {
	var b [8]byte
	if n, err := io.ReadFull(r, b[:]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("file of %d bytes ends within the 8 bytes of the header's length: %w", n, io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	length := binary.LittleEndian.Uint64(b[:])
	if length > maxHeader {
		return nil, fmt.Errorf("header length is %d, at most %d is allowed: probably not a safetensors file", length, maxHeader)
	}
	if size >= 0 && int64(length) > size-8 {
		return nil, fmt.Errorf("header length is %d, but only %d bytes follow: %w", length, size-8, io.ErrUnexpectedEOF)
	}
	var text bytes.Buffer
	n, err := io.Copy(&text, io.LimitReader(r, int64(length)))
	if err != nil {
		return nil, err
	}
	if n < int64(length) {
		return nil, fmt.Errorf("header length is %d, but only %d bytes follow: %w", length, n, io.ErrUnexpectedEOF)
	}
	return text.Bytes(), nil
}

// check derives the number of elements and compares it with the offsets.
func (info *entryInfo) check() error {
	kind, ok := dtypes[DType(info.dtype)]
	if !ok {
		return fmt.Errorf("dtype %.40q is not supported, only F16, BF16, F32, F64, (U)I8 to 64 and BOOL are", info.dtype)
	}
	info.kind = kind
	const widest = 8 // bytes of an element
	n, err := info.shape.SizeWithin(math.MaxInt / widest)
	if err != nil {
		return err
	}
	info.elements = n
	if info.begin < 0 || info.end < info.begin {
		return fmt.Errorf("data_offsets [%d, %d] are not a range", info.begin, info.end)
	}
	if want, found := int64(n)*int64(kind.Size()), info.end-info.begin; want != found {
		return fmt.Errorf("shape %v of %s needs %d bytes, data_offsets [%d, %d] give %d",
			info.shape, info.dtype, want, info.begin, info.end, found)
	}
	return nil
}

// layout returns the indices of the tensors in the order of their data, after
// checking that these cover size bytes (-1 if unknown) without overlap or hole.
func layout(infos []entryInfo, size int64) ([]int, error) {
	order := make([]int, len(infos))
	for i := range order {
		if err := infos[i].check(); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", infos[i].name, err)
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(infos[a].begin, infos[b].begin), cmp.Compare(infos[a].end, infos[b].end))
	})
	end, last := int64(0), ""
	for _, i := range order {
		info := &infos[i]
		switch {
		case size >= 0 && info.end > size:
			return nil, fmt.Errorf("tensor %q: data_offsets [%d, %d] go beyond the %d bytes of data: %w",
				info.name, info.begin, info.end, size, io.ErrUnexpectedEOF)
		case info.begin < end:
			return nil, fmt.Errorf("tensor %q: data_offsets [%d, %d] overlap tensor %q, which ends at %d",
				info.name, info.begin, info.end, last, end)
		case info.begin > end:
			return nil, fmt.Errorf("tensor %q: data_offsets [%d, %d] leave a hole, the data before ends at %d",
				info.name, info.begin, info.end, end)
		}
		end, last = info.end, info.name
	}
	if size >= 0 && end != size {
		return nil, fmt.Errorf("%d bytes of data, but the tensors cover only %d", size, end)
	}
	return order, nil
}
