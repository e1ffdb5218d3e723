package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/internal/bounded"
	"github.com/strideml/stride/tensor"
)

// TestOpen reads tensors one by one, as Load reads them all.
func TestOpen(t *testing.T) {
	const path = "testdata/golden.safetensors"
	all, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Tensors) != len(all.Entries) || len(r.Metadata) != len(all.Metadata) || r.Find("absent") != nil {
		t.Fatalf("%d tensors, metadata %v", len(r.Tensors), r.Metadata)
	}
	for i, e := range all.Entries {
		got := r.Find(e.Name)
		if got != r.Tensors[i] || !got.Shape.Equal(e.Tensor.Shape()) {
			t.Fatalf("tensor %d is %v", i, got)
		}
		x, err := got.Read()
		if err != nil || !x.Equal(e.Tensor) {
			t.Errorf("%s: %v, error %v", e.Name, x, err)
		}
	}
	if d := r.Find("uint16").DType; d != U16 {
		t.Errorf("dtype %s", d)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.File(); !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("error %v", err)
	}
	if _, err := Open("testdata/absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestBadFilesOpened refuses what Read refuses.
func TestBadFilesOpened(t *testing.T) {
	for _, test := range badFiles {
		if _, err := NewReader(bytes.NewReader(test.file), int64(len(test.file))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
}

// TestLargeFile reads one small tensor of a file of 5 GB, which is sparse.
func TestLargeFile(t *testing.T) {
	const large = 5 << 30
	path := filepath.Join(t.TempDir(), "large.safetensors")
	header := fmt.Sprintf(`{"large":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]},"small":{"dtype":"F32","shape":[2],"data_offsets":[%d,%d]}}`, large/4, large, large, large+8)
	b := raw(header)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(b)
	if err == nil {
		_, err = f.WriteAt([]byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, int64(len(b))+large)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Skip("no sparse files here:", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	x, err := r.Find("small").Read()
	if err != nil || !x.Equal(tensor.Must(tensor.FromSlice([]float32{1, 2}, 2))) {
		t.Errorf("%v, error %v", x, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 || time.Since(began) > 2*time.Second {
		t.Errorf("takes %d bytes and %v", n, time.Since(began))
	}
}

// TestWrite16 writes 16-bit numbers.
func TestWrite16(t *testing.T) {
	values := []float32{0, 1, -2.5, 0.1, 1e-5, 60000}
	x := tensor.Must(tensor.FromSlice(values, 2, 3))
	for dtype, tolerance := range map[DType]float64{F16: 1. / 2048, BF16: 1. / 256, F32: 0} {
		f := &File{Entries: []Entry{{Name: "x", Tensor: x}, {Name: "none", Tensor: tensor.New(0)}}, DType: dtype}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Tensors[0].DType; got != dtype {
			t.Errorf("%s is written as %s", dtype, got)
		}
		back, err := r.File()
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range back.Entries[0].Tensor.Data() {
			// Numbers below 2⁻¹⁴ have fewer digits.
			if d := math.Abs(float64(v - values[i])); d > tolerance*math.Abs(float64(values[i])) && d > 0x1p-25 {
				t.Errorf("%s: %v becomes %v", dtype, values[i], v)
			}
		}
	}
	for _, test := range []struct {
		f    File
		want string
	}{
		{File{Entries: []Entry{{Name: "x", Tensor: tensor.Scalar(70000)}}, DType: F16}, `tensor "x": value 0, 70000, is too large for 16 bits`},
		{File{DType: I8}, `dtype "I8" cannot be written`},
	} {
		if err := test.f.Write(io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %s", err, test.want)
		}
	}
}

// folder writes files and returns the path of the last one.
func folder(t *testing.T, files ...any) string {
	t.Helper()
	dir, path := t.TempDir(), ""
	for i := 0; i < len(files); i += 2 {
		path = filepath.Join(dir, files[i].(string))
		var err error
		switch content := files[i+1].(type) {
		case string:
			err = os.WriteFile(path, []byte(content), 0o644)
		case *File:
			err = content.Save(path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func entry(name string, v float32) Entry { return Entry{Name: name, Tensor: tensor.Scalar(v)} }

// TestIndex opens a model in two files.
func TestIndex(t *testing.T) {
	path := folder(t,
		"model-00002-of-00002.safetensors", &File{Entries: []Entry{entry("c", 3)}},
		"model-00001-of-00002.safetensors", &File{Entries: []Entry{entry("b", 2), entry("a", 1)}, Metadata: map[string]string{"format": "pt"}},
		"model.safetensors.index.json", `{"metadata":{"total_size":12},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00001-of-00002.safetensors","c":"model-00002-of-00002.safetensors"}}`)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.File()
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, e := range f.Entries {
		text += fmt.Sprint(e.Name, e.Tensor.Data()[0], " ")
	}
	if text != "b2 a1 c3 " || f.Metadata["format"] != "pt" || r.Find("c") == nil {
		t.Errorf("got %s, metadata %v", text, f.Metadata)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Find("c").Read(); !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), "model-00002-of-00002.safetensors") {
		t.Errorf("error %v", err)
	}
}

// TestBadIndex has indices that lead elsewhere, or that contradict the files.
func TestBadIndex(t *testing.T) {
	const index = "model.safetensors.index.json"
	outside := folder(t, "secret.safetensors", &File{Entries: []Entry{entry("a", 1)}})
	one := func(name string) string { return `{"weight_map":{"a":"` + name + `"}}` }
	for _, test := range []struct{ name, index, want string }{
		{"above", one("../secret.safetensors"), `"../secret.safetensors" is not the name of a file in the folder of the index`},
		{"absolute", one(filepath.ToSlash(outside)), "is not the name of a file in the folder"},
		{"below", one("x/../../secret.safetensors"), "is not the name of a file in the folder"},
		{"of Windows", one(`..\\secret.safetensors`), "is not the name of a file in the folder"},
		{"drive", one("c:secret.safetensors"), "is not the name of a file in the folder"},
		{"empty", one(""), "is not the name of a file in the folder"},
		{"NUL", one(`a\u0000.safetensors`), "is not the name of a file in the folder"},
		{"a pickle", one("pytorch_model.bin"), "is not a safetensors file"},
		{"a link out of the folder", one("link.safetensors"), "link.safetensors: path escapes from parent"},
		{"a folder", one("dir.safetensors"), "dir.safetensors: is not a regular file"},
		{"absent", one("absent.safetensors"), "absent.safetensors"},
		{"a tensor too few", `{"weight_map":{"a":"good.safetensors","b":"good.safetensors"}}`, `lacks tensor "b"`},
		{"a tensor too many", `{"weight_map":{}, "other":1}`, ""},
		{"another tensor", `{"weight_map":{"b":"good.safetensors"}}`, `has tensor "a", which the index does not expect`},
		{"twice", `{"weight_map":{"a":"good.safetensors","a":"good.safetensors"}}`, `tensor "a" is there twice`},
		{"no map", `{"a":1}`, `it has no "weight_map"`},
		{"numbers", `{"weight_map":{"a":1}}`, "expected a string, found 1"},
		{"no JSON", `weight_map`, "damaged index"},
		{"HTML", `<!doctype html>`, "it is an HTML page"},
	} {
		path := folder(t, "good.safetensors", &File{Entries: []Entry{entry("a", 1)}}, index, test.index)
		dir := filepath.Dir(path)
		if err := os.Mkdir(filepath.Join(dir, "dir.safetensors"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(dir, "link.safetensors")); err != nil && strings.Contains(test.name, "link") {
			continue // a system without links
		}
		r, err := Open(path)
		if test.want == "" {
			if err != nil || len(r.Tensors) != 0 {
				t.Errorf("%s: error %v", test.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %s", test.name, err, test.want)
		}
	}
}

// FuzzIndex checks that no index leads out of its folder.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":12},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"../x.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"x.safetensors"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var shards map[string]map[string]bool
		var err error
		bounded.Check(t, len(b), 1, func() { shards, err = parseIndex(b) })
		if err != nil {
			return
		}
		for name, tensors := range shards {
			if path := filepath.Join("dir", name); filepath.Dir(path) != "dir" || len(tensors) == 0 {
				t.Errorf("file %q of %d tensors", name, len(tensors))
			}
		}
	})
}

func ExampleOpen() {
	r, err := Open("testdata/golden.safetensors")
	if err != nil {
		panic(err)
	}
	defer r.Close()
	weight := r.Find("features.0.weight")
	fmt.Println(weight.DType, weight.Shape)
	x, err := weight.Read() // only this tensor is read
	if err != nil {
		panic(err)
	}
	fmt.Println(x.At(0, 0, 0, 1))
	// Output:
	// F32 2×3×3×3
	// 0.14285715
}
