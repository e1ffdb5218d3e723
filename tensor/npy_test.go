package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestLoadNPY(t *testing.T) {
	base := New(2, 3, 4)
	for i := range base.data {
		base.data[i] = float32(i*3 - 20)
	}
	// wrap gives the values that an unsigned type of so many bits has.
	wrap := func(bits int) *Tensor {
		x := base.Clone()
		for i, v := range x.data {
			if v < 0 {
				x.data[i] = float32(math.Ldexp(1, bits) + float64(v))
			}
		}
		return x
	}
	even := New(2, 3, 4)
	for i := range even.data {
		even.data[i] = float32((i + 1) % 2)
	}
	rank6 := Must(Arange(0, 8, 1).Reshape(1, 2, 1, 2, 2, 1))
	want := map[string]*Tensor{
		"u1": wrap(8), "le_u2": wrap(16), "le_u4": wrap(32), "le_u8": wrap(64),
		"bool": even, "scalar": Scalar(1.5), "vector": Arange(0, 5, 1), "empty": New(2, 0, 3), "rank6": rank6,
	}
	for _, name := range strings.Fields("le_f2 be_f2 le_f4 be_f4 le_f8 be_f8 i1 le_i2 be_i2 le_i4 be_i4 le_i8 be_i8 fortran_f4 fortran_be_i2 v2 v3") {
		want[name] = base
	}
	for name, w := range want {
		got, err := LoadNPY("testdata/" + name + ".npy")
		if err != nil {
			t.Error(err)
		} else if !got.Equal(w) {
			t.Errorf("%s: got\n%v\nwant\n%v", name, got, w)
		}
	}
}

// TestWriteNPYLikeNumPy compares bytes with files that numpy.save wrote.
func TestWriteNPYLikeNumPy(t *testing.T) {
	for _, name := range []string{"le_f4", "scalar", "vector", "empty", "rank6", "special"} {
		want, err := os.ReadFile("testdata/" + name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		x, err := ReadNPY(bytes.NewReader(want))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := x.WriteNPY(&got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s: got\n%q\nNumPy writes\n%q", name, got.Bytes(), want)
		}
	}
}

func TestSaveNPY(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	x := seq(300, 301)
	if err := x.SaveNPY(path); err != nil {
		t.Fatal(err)
	}
	got, err := LoadNPY(path)
	if err != nil || !got.Equal(x) {
		t.Errorf("read back: %v, %v", got, err)
	}
	err = x.SaveNPY(filepath.Join(path, "y.npy"))
	checkErr(t, err, "y.npy")

	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte{0})
	f.Close()
	_, err = LoadNPY(path)
	checkErr(t, err, "x.npy: more data follows the 300×301 array")
	_, err = LoadNPY(path + "absent")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: got error %v", err)
	}
}

// Arrays may follow one another in a stream.
func TestReadNPYStream(t *testing.T) {
	var b bytes.Buffer
	for i := range 3 {
		if err := seq(i, 2).WriteNPY(&b); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if got, err := ReadNPY(&b); err != nil || !got.Equal(seq(i, 2)) {
			t.Errorf("array %d: %v, %v", i, got, err)
		}
	}
	if _, err := ReadNPY(&b); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("after the last array: got error %v", err)
	}
}

func TestWriteNPYErrors(t *testing.T) {
	many := make([]int, 65)
	for i := range many {
		many[i] = 1
	}
	checkErr(t, New(many...).WriteNPY(io.Discard), "rank 65, the format allows 64")
	for _, n := range []int{0, 130} {
		err := New(100).WriteNPY(&failAfter{n})
		if !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("a writer that fails after %d bytes gives error %v", n, err)
		}
	}
}

type failAfter struct{ n int }

func (w *failAfter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

// rawNPY builds a version 1 file by hand.
func rawNPY(header string, data ...byte) []byte {
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	return append(append(b, header...), data...)
}

// badNPY are files that must be refused, with a part of the error.
var badNPY = []struct {
	name string
	file []byte
	want string
}{
	{"empty", nil, "file ends in the magic number, after 0 of 8 bytes"},
	{"short", []byte("\x93NUM"), "after 4 of 8 bytes"},
	{"png", []byte("\x89PNG\r\n\x1a\n0000"), "not an .npy file: it starts with \"\\x89PNG\\r\\n\""},
	{"version", []byte(npyMagic + "\x04\x00\x00\x00\x00\x00"), "format version 4.0, expected 1, 2 or 3"},
	{"no length", []byte(npyMagic + "\x01\x00\x10"), "ends in the header length, after 1 of 2"},
	{"short header", []byte(npyMagic + "\x01\x00\x10\x00{}"), "ends in the header, after 2 of 16 bytes"},
	{"huge header", []byte(npyMagic + "\x02\x00\xff\xff\xff\xff{}"), "header of 4294967295 bytes, at most 65536"},
	{"no dict", rawNPY("(1, 2)"), "expected {, found \"(1, 2)\""},
	{"no header", rawNPY(""), "expected {, found the end"},
	{"open dict", rawNPY("{'descr': '<f4', "), "expected a string, found the end"},
	{"rest", rawNPY("{'descr': '<f4', 'fortran_order': False, 'shape': ()} 1", 0, 0, 0, 0), "expected the end, found \"1\""},
	{"nul", rawNPY("{'descr': '<f4', 'fortran_order': False, 'shape': ()}\x00", 0, 0, 0, 0), "expected the end"},
	{"missing key", rawNPY("{'descr': '<f4', 'shape': ()}", 0, 0, 0, 0), "key \"fortran_order\" is missing"},
	{"double key", rawNPY("{'descr': '<f4', 'descr': '<f4', }"), "key \"descr\" appears twice"},
	{"unknown key", rawNPY("{'order': 1}"), "unknown key \"order\""},
	{"no comma", rawNPY("{'descr': '<f4' 'shape': ()}"), "expected a comma or }"},
	{"no colon", rawNPY("{'descr' '<f4'}"), "expected :"},
	{"open string", rawNPY("{'descr"), "string without an end"},
	{"escape", rawNPY(`{'de\x73cr': 1}`), "has an escape"},
	{"long string", rawNPY("{'" + strings.Repeat("a", 1000) + "': 1}"), "too long"},
	{"number as descr", rawNPY("{'descr': 4}"), "expected a string"},
	{"list as descr", rawNPY("{'descr': [('x', '<f4')]}"), "structured element types are not supported"},
	{"order", rawNPY("{'fortran_order': 1}"), "expected True or False, found \"1}\""},
	{"shape is a number", rawNPY("{'shape': 3}"), "expected (, found \"3}\""},
	{"shape is no tuple", rawNPY("{'shape': (3)}"), "shape (3) is not a tuple, expected (3,)"},
	{"shape without comma", rawNPY("{'shape': (3 4)}"), "expected a comma or )"},
	{"negative", rawNPY("{'shape': (-1,)}"), "expected a length"},
	{"float length", rawNPY("{'shape': (1.5,)}"), "expected a comma or )"},
	{"huge length", rawNPY("{'shape': (99999999999999999999,)}"), "length 99999999999999999999 is too large"},
	{"high rank", rawNPY("{'shape': (" + strings.Repeat("1,", 100) + ")}"), "more than 64 axes"},
	{"overflow", rawNPY("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"), "too many elements"},
	{"overflow with zero", rawNPY("{'descr': '<f4', 'fortran_order': True, 'shape': (4294967296, 0, 4294967296)}"), "too many elements"},
	{"too many", rawNPY("{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000,)}"), "has 1000000000000 elements, at most"},
	{"lying", rawNPY("{'descr': '|u1', 'fortran_order': False, 'shape': (4000000000,)}", 1, 2, 3), "shape 4000000000"},
	{"lying, Fortran", rawNPY("{'descr': '<f8', 'fortran_order': True, 'shape': (40000, 50000)}", make([]byte, 100)...), "40000×50000"},
	{"one byte short", rawNPY("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 1, 2, 3, 4, 5, 6, 7), "shape 2"},
	{"complex", rawNPY("{'descr': '<c8', 'fortran_order': False, 'shape': ()}"), "element type \"<c8\" is not supported"},
	{"no byte order", rawNPY("{'descr': 'f4', 'fortran_order': False, 'shape': ()}"), "does not say its byte order"},
	{"native order", rawNPY("{'descr': '=f4', 'fortran_order': False, 'shape': ()}"), "does not say its byte order"},
	{"empty type", rawNPY("{'descr': '', 'fortran_order': False, 'shape': ()}"), "element type \"\" is not supported"},
}

func TestBadNPY(t *testing.T) {
	dir := t.TempDir()
	for _, test := range badNPY {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ReadNPY(bytes.NewReader(test.file))
			checkErr(t, err, test.want)
			checkErr(t, err, "tensor: read npy: ")
			path := filepath.Join(dir, "bad.npy")
			if err := os.WriteFile(path, test.file, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = LoadNPY(path)
			checkErr(t, err, test.want)
			checkErr(t, err, "tensor: load npy "+path+": ")
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
				t.Errorf("allocates %d bytes for a file of %d", n, len(test.file))
			}
		})
	}
	for _, name := range []string{"complex", "struct", "string", "object"} {
		_, err := LoadNPY("testdata/bad_" + name + ".npy")
		checkErr(t, err, "not supported")
	}
}

// TestLaxNPY has headers that NumPy does not write but that are well formed.
func TestLaxNPY(t *testing.T) {
	for _, header := range []string{
		"{'descr':'|u1','fortran_order':False,'shape':(2,1)}",
		"{\"shape\": (2L, 1L,), \"descr\": \"?\", \"fortran_order\": True}  \n\n",
		"\n{ 'shape' : ( 2 , 1 ) , 'descr' : 'u1' , 'fortran_order' : False , }",
	} {
		got, err := ReadNPY(bytes.NewReader(rawNPY(header, 0, 1)))
		if err != nil || !got.Equal(seq(2, 1)) {
			t.Errorf("%s: %v, %v", header, got, err)
		}
	}
}

func FuzzReadNPY(f *testing.F) {
	files, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, bad := range badNPY {
		f.Add(bad.file)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, errKnown := readNPY(bytes.NewReader(b), int64(len(b)))
		x, err := ReadNPY(bytes.NewReader(b))
		if (err == nil) != (errKnown == nil) {
			t.Fatalf("errors differ: with size %v, without %v", errKnown, err)
		}
		if err != nil {
			return
		}
		if x.Size() != x.Shape().Size() {
			t.Fatalf("%d elements in shape %v", x.Size(), x.Shape())
		}
		_ = x.String()
		var out bytes.Buffer
		if err := x.WriteNPY(&out); err != nil {
			t.Fatal(err)
		}
		y, err := ReadNPY(&out)
		if err != nil {
			t.Fatal(err)
		}
		if !y.Shape().Equal(x.Shape()) {
			t.Fatalf("shape %v became %v", x.Shape(), y.Shape())
		}
		for i, v := range x.data {
			if math.Float32bits(v) != math.Float32bits(y.data[i]) {
				t.Fatalf("element %d changed from %x to %x", i, math.Float32bits(v), math.Float32bits(y.data[i]))
			}
		}
	})
}

func BenchmarkReadNPY(b *testing.B) {
	for _, kind := range []string{"<f4", "<f8", "|u1"} {
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (1048576,), }", kind)
		file := rawNPY(header, make([]byte, 8<<20)...)
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				if _, err := readNPY(bytes.NewReader(file), int64(len(file))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
