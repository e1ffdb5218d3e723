package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/strideml/stride/internal/bounded"
	"github.com/strideml/stride/tensor"
)

// raw builds a file from a header and data.
func raw(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// TestGolden reads a file that the reference implementation wrote, see
// testdata/make_golden.py.
func TestGolden(t *testing.T) {
	f, err := Load("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"format": "pt", "épochs": `10 "ten"`}; !cmp.Equal(f.Metadata, want) {
		t.Errorf("metadata is %q, want %q", f.Metadata, want)
	}
	signed := []float32{-2, -1, 0, 1, 2, 3}
	weight := make([]float32, 54)
	for i := range weight {
		weight[i] = float32(i) / 7
	}
	want := map[string]*tensor.Tensor{
		"bool":              tensor.Must(tensor.FromSlice([]float32{0, 0, 0, 1, 1, 1}, 2, 3)),
		"scalar":            tensor.Scalar(0.5),
		"empty":             tensor.New(0, 4),
		"features.0.weight": tensor.Must(tensor.FromSlice(weight, 2, 3, 3, 3)),
		"uint8":             tensor.Must(tensor.FromSlice([]float32{254, 255, 0, 1, 2, 3}, 2, 3)),
		"uint16":            tensor.Must(tensor.FromSlice([]float32{65534, 65535, 0, 1, 2, 3}, 2, 3)),
		"uint32":            tensor.Must(tensor.FromSlice([]float32{1 << 32, 1 << 32, 0, 1, 2, 3}, 2, 3)),
		"uint64":            tensor.Must(tensor.FromSlice([]float32{1 << 64, 1 << 64, 0, 1, 2, 3}, 2, 3)),
	}
	for _, name := range strings.Fields("float16 float32 float64 int8 int16 int32 int64") {
		want[name] = tensor.Must(tensor.FromSlice(signed, 2, 3))
	}
	if len(f.Entries) != len(want) {
		t.Errorf("%d tensors, want %d", len(f.Entries), len(want))
	}
	for name, w := range want {
		got, ok := f.Get(name)
		if !ok || !got.Equal(w) {
			t.Errorf("tensor %s: got\n%v\nwant\n%v", name, got, w)
		}
	}
	if _, ok := f.Get("nothing"); ok {
		t.Error("Get finds a tensor that is not there")
	}
}

// TestReadByHand reads bytes laid out by hand: data in another order than the
// header, and the type that NumPy does not know.
func TestReadByHand(t *testing.T) {
	b := raw(`{"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}, "a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}  `,
		0, 0, 0x80, 0x3f, 0x00, 0x40, 0x40, 0xc0)
	f, err := Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata != nil || len(f.Entries) != 2 || f.Entries[0].Name != "b" || f.Entries[1].Name != "a" {
		t.Fatalf("got %v", f)
	}
	if got := f.Entries[0].Tensor; !got.Equal(tensor.Must(tensor.FromSlice([]float32{2, -3}, 2))) {
		t.Errorf("b = %v", got)
	}
	if got := f.Entries[1].Tensor; !got.Equal(tensor.Scalar(1)) {
		t.Errorf("a = %v", got)
	}
}

func TestWriteBytes(t *testing.T) {
	f := &File{
		Entries: []Entry{
			{Name: "z<&>", Tensor: tensor.Must(tensor.FromSlice([]float32{1, -2}, 2, 1))},
			{Name: "a", Tensor: tensor.Scalar(float32(math.Inf(1)))},
			{Name: "none", Tensor: tensor.New(0, 3)},
		},
		Metadata: map[string]string{"b": "2", "a": "\"1\"\n"},
	}
	header := `{"__metadata__":{"a":"\"1\"\n","b":"2"},` +
		`"z<&>":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},` +
		`"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},` +
		`"none":{"dtype":"F32","shape":[0,3],"data_offsets":[12,12]}}`
	for len(header)%8 != 0 {
		header += " "
	}
	want := raw(header, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0x80, 0x7f)
	for range 5 { // map order must not show
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Fatalf("bytes differ (-want +got):\n%s", d)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	special := tensor.Must(tensor.FromSlice([]float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), 1e-45, math.MaxFloat32, math.Float32frombits(0x7fa00001)}, 3, 2))
	big := tensor.Arange(0, 100_000, 1)
	for _, f := range []*File{
		{},
		{Metadata: map[string]string{"only": "metadata"}},
		{Entries: []Entry{{Name: "日本", Tensor: special}, {Name: `"\`, Tensor: big}, {Name: "e", Tensor: tensor.New(3, 0)}}},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := f.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Entries) != len(f.Entries) || !cmp.Equal(got.Metadata, f.Metadata) {
			t.Fatalf("got %v, want %v", got, f)
		}
		for i, e := range f.Entries {
			g := got.Entries[i]
			if g.Name != e.Name || !g.Tensor.Shape().Equal(e.Tensor.Shape()) {
				t.Errorf("entry %d is %q %v, want %q %v", i, g.Name, g.Tensor.Shape(), e.Name, e.Tensor.Shape())
			}
			for j, v := range e.Tensor.Data() {
				if math.Float32bits(v) != math.Float32bits(g.Tensor.Data()[j]) {
					t.Fatalf("%q: element %d has other bits", e.Name, j)
				}
			}
		}
	}
}

func TestWriteErrors(t *testing.T) {
	x := tensor.Scalar(1)
	released := tensor.New(2)
	released.Release()
	lost := tensor.New(2)
	lost.Defer(tensor.NewSource(func([]float32) error { return errors.New("the device is gone") }))
	deep := tensor.Must(x.Reshape(slices.Repeat([]int{1}, 65)...))
	tests := []struct {
		file File
		want string
	}{
		{File{Entries: []Entry{{Name: "", Tensor: x}}}, `tensor 0 has no name`},
		{File{Entries: []Entry{{Name: "a", Tensor: x}, {Name: "a", Tensor: x}}}, `two tensors have the name "a"`},
		{File{Entries: []Entry{{Name: "__metadata__", Tensor: x}}}, `tensor 0 has the reserved name "__metadata__"`},
		{File{Entries: []Entry{{Name: "a", Tensor: nil}}}, `tensor "a" is nil`},
		{File{Entries: []Entry{{Name: "a", Tensor: released}}}, `the elements of tensor "a" were released`},
		{File{Entries: []Entry{{Name: "a", Tensor: lost}}}, `tensor "a": tensor: fetch the elements of a tensor of shape 2: the device is gone`},
		{File{Entries: []Entry{{Name: "a", Tensor: deep}}}, `tensor "a" has 65 axes, at most 64 are supported`},
		{File{Entries: []Entry{{Name: strings.Repeat("n", 5000), Tensor: x}}}, `name of tensor 0 has 5000 bytes, at most 4096 are supported`},
		{File{Entries: []Entry{{Name: "a\xff", Tensor: x}}}, `name of tensor 0: "a\xff" is not valid UTF-8`},
		{File{Metadata: map[string]string{"k": "\xff"}}, `metadata "k": "\xff" is not valid UTF-8`},
		{File{Metadata: map[string]string{"\xff": ""}}, `metadata key: "\xff" is not valid UTF-8`},
	}
	for _, test := range tests {
		var b bytes.Buffer
		err := test.file.Write(&b)
		if err == nil || err.Error() != "safetensors: write: "+test.want {
			t.Errorf("got error %v, want %s", err, test.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes written", test.want, b.Len())
		}
	}
	f := File{Entries: []Entry{{Name: "a", Tensor: tensor.New(1000)}}}
	for _, n := range []int{0, 100} {
		if err := f.Write(&limitedWriter{n}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("a writer that fails after %d bytes gives error %v", n, err)
		}
	}

	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	bad := File{Entries: []Entry{{Name: "", Tensor: x}}}
	if err := bad.Save(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the path", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" {
		t.Errorf("a failed Save changed the file to %q", b)
	}
}

type limitedWriter struct{ n int }

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// badFiles are files that must be refused, with a part of the error.
var badFiles = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "file of 0 bytes ends within the 8 bytes of the header's length"},
	{"short length", []byte{1, 2, 3}, "file of 3 bytes ends"},
	{"long header", raw(`{}`)[:9], "header length is 2, but only 1 bytes follow"},
	{"huge header", []byte("something else altogether"), "at most 100000000 is allowed: probably not"},
	{"ZIP", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"), "not a safetensors file: it is a ZIP archive, such as torch.save (.pt, .pth)"},
	{"Git LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"), "not a safetensors file: it is a Git LFS pointer, not the file that it stands for: git lfs pull fetches that"},
	{"HTML", []byte("\r\n <!DOCTYPE HTML>\n<html><body>404</body></html>"), "not a safetensors file: it is an HTML page"},
	{"HTML of a plausible length", append([]byte{60, 0, 0, 0, 0, 0, 0, 0}, strings.Repeat("<html>", 10)...), "does not begin with {"},
	{"NumPy", []byte("\x93NUMPY\x01\x00v\x00{'descr': '<f4'"), "it is a NumPy array"},
	{"largest length", bytes.Repeat([]byte{255}, 16), "header length is 18446744073709551615"},
	{"no header", raw(``), "does not begin with {"},
	{"leading space", raw(` {}`), "does not begin with {"},
	{"array", raw(`[]`), "does not begin with {"},
	{"utf-8", raw("{\"\xff\":1}"), "not valid UTF-8"},
	{"cut json", raw(`{"a":{"dtype":"F32"`), "unexpected EOF"},
	{"trailing comma", raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},}`, 0, 0, 0, 0), "header: before byte"},
	{"trailing comma in array", raw(`{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "header: before byte"},
	{"missing comma", raw(`{"a":{"dtype":"F32" "shape":[],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "header: before byte"},
	{"missing colon", raw(`{"a" {}}`), "header: before byte"},
	{"two objects", raw(`{}{}`), `"{}" follows the closing }`},
	{"nul padding", raw("{}\x00"), "follows the closing }"},
	{"duplicate name", raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, make([]byte, 8)...), `name "a" appears twice`},
	{"duplicate key", raw(`{"a":{"dtype":"F32","dtype":"F32"}}`), `tensor "a": dtype appears twice`},
	{"unknown key", raw(`{"a":{"type":"F32"}}`), `tensor "a": unknown key "type"`},
	{"missing key", raw(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`), `tensor "a": shape is missing`},
	{"null", raw(`{"a":null}`), `tensor "a": expected {, found null`},
	{"deep", raw(`{"a":` + strings.Repeat("[", 300)), `tensor "a": expected {, found [`},
	{"metadata type", raw(`{"__metadata__":{"a":1}}`), `"__metadata__": key "a": expected a string, found 1`},
	{"metadata twice", raw(`{"__metadata__":{"a":"1","a":"1"}}`), `key "a" appears twice`},
	{"dtype type", raw(`{"a":{"dtype":3}}`), `dtype: expected a string, found 3`},
	{"dtype", raw(`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, 0, 0, 0, 0), `tensor "a": dtype "F8_E4M3" is not supported`},
	{"long name", raw(`{"` + strings.Repeat("n", 5000) + `":1}`), `has 5000 bytes, at most 4096`},
	{"high rank", raw(`{"a":{"shape":[` + strings.Repeat("1,", 70) + `1]}}`), `tensor "a": shape: more than 64 axes`},
	{"negative length", raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`), `shape: expected an integer from 0 to 2⁶³-1, found -1`},
	{"float length", raw(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`), `found 1.0`},
	{"string length", raw(`{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`), `expected a number, found the string "1"`},
	{"one offset", raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}`), `data_offsets: 1 numbers, expected 2`},
	{"three offsets", raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4,8]}}`), `data_offsets: more than two numbers`},
	{"reversed offsets", raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[4,0]}}`), `[4, 0] are not a range`},
	{"shape mismatch", raw(`{"a":{"dtype":"F64","shape":[2,3],"data_offsets":[0,24]}}`, make([]byte, 24)...), `tensor "a": shape 2×3 of F64 needs 48 bytes, data_offsets [0, 24] give 24`},
	{"overflow", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`), `shape 4294967296×4294967296: too many elements`},
	{"overflow with zero", raw(`{"a":{"dtype":"F32","shape":[4294967296,0,4294967296],"data_offsets":[0,0]}}`), `: too many elements`},
	{"overflow of bytes", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}`), `: too many elements`},
	{"beyond int64", raw(`{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,0]}}`), `found 99999999999999999999`},
	{"out of range", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 1, 2, 3, 4), `tensor "a"`},
	{"lying size", raw(`{"a":{"dtype":"U8","shape":[1000000000000],"data_offsets":[0,1000000000000]}}`, 1, 2, 3, 4), `tensor "a"`},
	{"overlap", raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, 1, 2, 3, 4), `tensor "b": data_offsets [2, 4] overlap tensor "a", which ends at 4`},
	{"shared", raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 1, 2, 3, 4), `overlap`},
	{"hole", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}`, 1, 2, 3, 4), `tensor "b": data_offsets [2, 4] leave a hole, the data before ends at 1`},
	{"late start", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 1, 2), `leave a hole`},
	{"trailing bytes", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, 2, 3), ``},
	{"trailing bytes only", raw(`{}`, 1), ``},
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	for _, test := range badFiles {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Read(bytes.NewReader(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Read: got error %v, want %s", err, test.want)
			}
			path := filepath.Join(dir, "bad.safetensors")
			if err := os.WriteFile(path, test.file, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = Load(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("Load: got error %v, want %s and the path", err, test.want)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
				t.Errorf("allocates %d bytes for a file of %d", n, len(test.file))
			}
		})
	}
	if _, err := Load(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: got error %v", err)
	}
}

// TestTruncated cuts the golden file at every length.
func TestTruncated(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := Read(bytes.NewReader(b[:n])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: got error %v", n, len(b), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	golden, err := os.ReadFile("testdata/golden.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	for _, bad := range badFiles {
		f.Add(bad.file)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var known, file *File
		var errKnown, err error
		bounded.Check(t, len(b), 2, func() {
			known, errKnown = read(bytes.NewReader(b), int64(len(b)))
			file, err = Read(bytes.NewReader(b))
		})
		if (err == nil) != (errKnown == nil) {
			t.Fatalf("errors differ: with size %v, without %v", errKnown, err)
		}
		lazy, errLazy := NewReader(bytes.NewReader(b), int64(len(b)))
		if (err == nil) != (errLazy == nil) {
			t.Fatalf("errors differ: Read %v, NewReader %v", err, errLazy)
		}
		if err != nil {
			return
		}
		if all, err := lazy.File(); err != nil || len(all.Entries) != len(file.Entries) {
			t.Fatalf("NewReader has other entries than Read, error %v", err)
		}
		if !json.Valid(b[8 : 8+binary.LittleEndian.Uint64(b)]) {
			t.Fatal("accepts a header that is not JSON")
		}
		if len(known.Entries) != len(file.Entries) {
			t.Fatal("entries differ with and without size")
		}
		for _, e := range file.Entries {
			if e.Name == "" {
				return // can be read but not written
			}
		}
		var first, second bytes.Buffer
		if err := file.Write(&first); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Write(&second); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatal("a second round trip changes the bytes")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var buf bytes.Buffer
	f := &File{Entries: []Entry{{Name: "x", Tensor: tensor.New(4 << 20)}}}
	if err := f.Write(&buf); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(buf.Len()))
	for b.Loop() {
		if _, err := read(bytes.NewReader(buf.Bytes()), int64(buf.Len())); err != nil {
			b.Fatal(err)
		}
	}
}

func Example() {
	weights := &File{
		Entries: []Entry{
			{Name: "conv1.weight", Tensor: tensor.Full(0.5, 6, 1, 5, 5)},
			{Name: "conv1.bias", Tensor: tensor.New(6)},
		},
		Metadata: map[string]string{"net": "lenet"},
	}
	var file bytes.Buffer
	if err := weights.Write(&file); err != nil {
		panic(err)
	}
	back, err := Read(&file)
	if err != nil {
		panic(err)
	}
	for _, e := range back.Entries {
		fmt.Println(e.Name, e.Tensor.Shape())
	}
	fmt.Println(back.Metadata["net"])
	// Output:
	// conv1.weight 6×1×5×5
	// conv1.bias 6
	// lenet
}
