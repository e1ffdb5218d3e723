package tensordata

import (
	"crypto/sha1"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/onnx/internal/proto"
)

func newReader(t *testing.T, folder string) *Reader {
	r, err := NewReader(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestFloats(t *testing.T) {
	r := newReader(t, "")
	for name, c := range map[string]*proto.Tensor{
		"float raw":     {Type: proto.Float, Raw: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}},
		"float":         {Type: proto.Float, FloatData: []float32{1, -2}},
		"double raw":    {Type: proto.Double, Raw: []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}},
		"double":        {Type: proto.Double, DoubleData: []float64{1, -2}},
		"float16 raw":   {Type: proto.Float16, Raw: []byte{0, 0x3c, 0, 0xc0}},
		"float16":       {Type: proto.Float16, Int32Data: []int32{0x3c00, 0xc000}},
		"bfloat16 raw":  {Type: proto.BFloat16, Raw: []byte{0x80, 0x3f, 0, 0xc0}},
		"bfloat16":      {Type: proto.BFloat16, Int32Data: []int32{0x3f80, 0xc000}},
		"int8 raw":      {Type: proto.Int8, Raw: []byte{1, 0xfe}},
		"int64":         {Type: proto.Int64, Int64Data: []int64{1, -2}},
		"int16 raw":     {Type: proto.Int16, Raw: []byte{1, 0, 0xfe, 0xff}},
		"int32, packed": {Type: proto.Int32, Int32Data: []int32{1, -2}},
	} {
		c.Dims = []int64{2}
		got, err := r.Floats(c)
		if err != nil || !slices.Equal(got, []float32{1, -2}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestInts(t *testing.T) {
	r := newReader(t, "")
	for name, c := range map[string]*proto.Tensor{
		"bool":       {Type: proto.Bool, Int32Data: []int32{1, 5}},
		"bool raw":   {Type: proto.Bool, Raw: []byte{1, 7}},
		"uint64":     {Type: proto.Uint64, Uint64Data: []uint64{1, 1}},
		"uint32 raw": {Type: proto.Uint32, Raw: []byte{1, 0, 0, 0, 1, 0, 0, 0}},
		"uint16 raw": {Type: proto.Uint16, Raw: []byte{1, 0, 1, 0}},
		"int32 raw":  {Type: proto.Int32, Raw: []byte{1, 0, 0, 0, 1, 0, 0, 0}},
		"uint8 raw":  {Type: proto.Uint8, Raw: []byte{1, 1}},
	} {
		c.Dims = []int64{2, 1}
		got, err := r.Ints(c)
		if err != nil || !slices.Equal(got, []int64{1, 1}) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestRefuses(t *testing.T) {
	r := newReader(t, "")
	for name, c := range map[string]struct {
		tensor proto.Tensor
		want   string
	}{
		"too short":         {proto.Tensor{Type: proto.Float, Dims: []int64{2}, Raw: make([]byte, 4)}, "has 4 bytes, want 8"},
		"too long":          {proto.Tensor{Type: proto.Float, Dims: []int64{1}, FloatData: make([]float32, 2)}, "has 2 elements, want 1"},
		"negative":          {proto.Tensor{Type: proto.Float, Dims: []int64{-1}}, "negative"},
		"huge":              {proto.Tensor{Type: proto.Float, Dims: []int64{1 << 40}}, "has 0 elements, want"},
		"product overflows": {proto.Tensor{Type: proto.Float, Dims: []int64{1 << 32, 1 << 32, 1 << 32}}, "too many elements"},
		"text":              {proto.Tensor{Type: proto.String, Dims: []int64{1}}, "type string"},
		"external":          {proto.Tensor{Type: proto.Float, Dims: []int64{1}, IsExternal: true}, "in another file"},
	} {
		if _, err := r.Floats(&c.tensor); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := r.Ints(&proto.Tensor{Type: proto.Uint64, Dims: []int64{1}, Uint64Data: []uint64{math.MaxUint64}}); err == nil {
		t.Error("an integer that is too large was accepted")
	}
	if _, err := r.Ints(&proto.Tensor{Type: proto.Int8, Dims: []int64{MaxIntegers + 1}, Raw: make([]byte, MaxIntegers+1)}); err != nil {
		t.Errorf("weights of 8 bits: %v", err)
	}
	if _, err := r.Ints(&proto.Tensor{Type: proto.Int16, Dims: []int64{MaxIntegers + 1}, Raw: make([]byte, 2*MaxIntegers+2)}); err == nil {
		t.Error("a large tensor of integers was accepted")
	}
}

// external makes a tensor of two floats in another file; settings are keys and values.
func external(settings ...string) *proto.Tensor {
	t := &proto.Tensor{Name: "w", Type: proto.Float, Dims: []int64{2}, IsExternal: true}
	for i := 0; i < len(settings); i += 2 {
		t.External = append(t.External, proto.Property{Key: settings[i], Value: settings[i+1]})
	}
	return t
}

// TestExternal tries what has been a hole in the onnx package (CVE-2022-25882, 2024-27318,
// 2026-27489, 2026-34445, 2026-34447).
func TestExternal(t *testing.T) {
	top := t.TempDir()
	folder := filepath.Join(top, "model")
	data := []byte{1, 2, 3, 4, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}
	sum := sha1.Sum(data)
	write := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(folder, "w.bin"))
	write(filepath.Join(folder, "sub", "w.bin"))
	write(filepath.Join(top, "secret"))
	write(filepath.Join(folder, "named"))
	if runtime.GOOS != "windows" && runtime.GOOS != "js" {
		for _, err := range []error{
			os.Symlink(filepath.Join(top, "secret"), filepath.Join(folder, "link")),
			os.Symlink("w.bin", filepath.Join(folder, "inner")),
			os.Symlink(top, filepath.Join(folder, "away")),
			os.Symlink("sub", filepath.Join(folder, "within")),
			os.Link(filepath.Join(top, "secret"), filepath.Join(folder, "hard")),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	r := newReader(t, folder)
	for _, ok := range [][]string{
		{"location", "w.bin", "offset", "4"},
		{"location", "w.bin", "offset", "4", "length", "8"},
		{"location", "sub/w.bin", "offset", "4", "checksum", hex.EncodeToString(sum[:])},
		{"location", "./sub/../w.bin", "offset", "4"},
	} {
		if got, err := r.Floats(external(ok...)); err != nil || !slices.Equal(got, []float32{1, -2}) {
			t.Errorf("%v: %v, %v", ok, got, err)
		}
	}
	for want, settings := range map[string][]string{
		"no location":                  {"offset", "4"},
		"inside of the model's":        {"location", "../secret"},
		`location "sub/../../sec`:      {"location", "sub/../../secret"},
		`location "/`:                  {"location", filepath.ToSlash(filepath.Join(top, "secret"))},
		`location "a\\..\\b"`:          {"location", `a\..\b`},
		"link is a symbolic":           {"location", "link"},
		"inner is a symbolic":          {"location", "inner"},
		"away is a symbolic":           {"location", "away/secret"},
		"within is a symbolic":         {"location", "within/w.bin"},
		"hard links":                   {"location", "hard"},
		"not a regular file":           {"location", "sub"},
		"no such file":                 {"location", "missing"},
		"unknown key":                  {"location", "w.bin", "basepath", "/"},
		"there twice":                  {"location", "w.bin", "location", "w.bin"},
		"beyond the end":               {"location", "w.bin", "offset", "8"},
		"offset 100 is beyond":         {"location", "w.bin", "offset", "100"},
		`offset "-4"`:                  {"location", "w.bin", "offset", "-4"},
		`offset "9223372036854775808"`: {"location", "w.bin", "offset", "9223372036854775808"},
		"length 9223372036854775807":   {"location", "w.bin", "length", "9223372036854775807"},
		"length 4":                     {"location", "w.bin", "length", "4"},
		"checksum is":                  {"location", "w.bin", "offset", "4", "checksum", strings.Repeat("00", 20)},
		"want a SHA-1":                 {"location", "w.bin", "offset", "4", "checksum", "x"},
	} {
		if runtime.GOOS == "windows" && strings.Contains(want, "link") {
			continue
		}
		if _, err := r.Floats(external(settings...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", settings, err, want)
		}
	}
}

// TestExternalHuge has a shape that needs more memory than there is: the file decides.
func TestExternalHuge(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "w.bin"), make([]byte, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	w := external("location", "w.bin")
	w.Dims = []int64{1 << 45}
	if _, err := newReader(t, folder).Floats(w); err == nil || !strings.Contains(err.Error(), "beyond the end") {
		t.Errorf("error %v", err)
	}
}

// A tensor of several pieces is read whole.
func TestFloatsOfPieces(t *testing.T) {
	const n = 2<<20 + 5
	raw := make([]byte, 2*n)
	for i := range n {
		raw[2*i], raw[2*i+1] = byte(i), 0x3c // 1 and so many 1024ths
	}
	got, err := newReader(t, "").Floats(&proto.Tensor{Type: proto.Float16, Dims: []int64{n}, Raw: raw})
	if err != nil || len(got) != n {
		t.Fatalf("%d elements, %v", len(got), err)
	}
	for i, v := range got {
		if want := 1 + float32(byte(i))/1024; v != want {
			t.Fatalf("element %d is %v, want %v", i, v, want)
		}
	}
}
