package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/internal/bounded"
	"github.com/strideml/stride/torchfile"
)

// Parts of pickles, for files that no program should write.
const (
	proto   = "\x80\x02"
	rebuild = "ctorch._utils\n_rebuild_tensor_v2\n"
	ordered = "ccollections\nOrderedDict\n)R"
)

// text is a string, number a 32-bit integer.
func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}
func number(n int) string {
	if n < 0 || n > 1<<31-1 {
		return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
	}
	return "J" + string(binary.LittleEndian.AppendUint32(nil, uint32(n)))
}
func tuple(items ...string) string { return "(" + strings.Join(items, "") + "t" }
func numbers(list ...int) string {
	items := make([]string, len(list))
	for i, n := range list {
		items[i] = number(n)
	}
	return tuple(items...)
}
func storageID(key string, n int) string {
	return tuple(text("storage"), "ctorch\nFloatStorage\n", text(key), text("cpu"), number(n)) + "Q"
}

// aTensor is a tensor of a storage of n elements.
func aTensor(key string, n, offset int, size, stride []int) string {
	return rebuild + tuple(storageID(key, n), number(offset), numbers(size...), numbers(stride...), "\x89", ordered) + "R"
}

// dict is a dict of keys and values.
func dict(items ...string) string { return "}(" + strings.Join(items, "") + "u" }

// four is a good tensor of four elements.
var four = aTensor("0", 4, 0, []int{4}, []int{1})

// archive makes an archive of pairs of names and contents.
func archive(pairs ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		f, err := w.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: zip.Store})
		if err == nil {
			_, err = f.Write([]byte(pairs[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// checkpoint is an archive with a pickle and a storage of 16 bytes.
func checkpoint(pickle string) []byte {
	return archive("a/data.pkl", proto+pickle+".", "a/data/0", strings.Repeat("\x00\x00\x80\x3f", 4))
}

// legacy is a file of the older format with a pickle and storages.
func legacy(pickle, keys, data string) []byte {
	return []byte(proto + "\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + proto + "M\xe9\x03." + proto + "}." + proto + pickle + "." + proto + "](" + keys + "e." + data)
}

var fourValues = "\x04\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00\x00\x80\x3f", 4)

func compressed() []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("a/data.pkl")
	if err == nil {
		_, err = f.Write(make([]byte, 1<<20))
	}
	if err != nil || w.Close() != nil {
		panic(err)
	}
	return b.Bytes()
}

// patched changes the n-th place where old stands.
func patched(b []byte, old, new string, n int) []byte {
	s, at := string(b), 0
	for range n {
		at += strings.Index(s[at:], old) + 1
	}
	return []byte(s[:at-1] + new + s[at-1+len(old):])
}

// nested is a value within n tuples.
func nested(n int) string { return "N" + strings.Repeat("\x85", n) }

// doubled is a tuple of a tuple twice, and so on: 2ⁿ values in n+1.
func doubled(n int) string { return "N" + strings.Repeat("2\x86", n) }

// aModule is a pickled module with modules in it.
func aModule(modules string) string {
	return "cmy\nNet\n)\x81}(" + text("_parameters") + "}" + text("_modules") + modules + "ub"
}

// attacks are files that try to make the reader run something, read what it should not,
// or take time or memory; and files that two programs may understand differently.
var attacks = []struct {
	name string
	file []byte
	want string // a part of the error; "" if the file can be read
}{
	// Code that Python runs. Nothing happens: the names are only names.
	{"os.system", checkpoint(dict(text("w"), four, text("x"), "cos\nsystem\n"+tuple(text("id"))+"R")), ""},
	{"eval under a name of protocol 4", checkpoint(dict(text("w"), four, text("x"), text("builtins")+text("eval")+"\x93"+tuple(text("1+1"))+"R")), ""},
	{"getattr and what it returns", checkpoint(dict(text("w"), four, text("x"), "cbuiltins\ngetattr\n"+tuple("cos\npath\n", text("join"))+"R"+tuple(text("a"))+"R")), ""},
	{"state of any object", checkpoint(dict(text("w"), four, text("x"), "csubprocess\nPopen\n)\x81}"+text("args")+text("id")+"sb")), ""},
	{"names of Python's internals", checkpoint(dict(text("w"), four, text("x"), "c__builtin__\n__import__\n"+tuple(text("os"))+"R")), ""},
	{"a call of a string", checkpoint(text("os.system") + ")R"), "calls a str"},
	{"an opcode of protocol 0 that makes objects", checkpoint("(ios\nsystem\n"), "INST: this opcode is not supported"},
	{"the registry of extensions", checkpoint("\x82\x01"), "EXT1: this opcode is not supported"},
	{"a buffer from elsewhere", checkpoint("\x97"), "NEXT_BUFFER: this opcode is not supported"},
	{"a persistent identifier in text", checkpoint("Pfile\n"), "PERSID: this opcode is not supported"},
	{"another persistent identifier", checkpoint(tuple(text("file"), text("/etc/passwd")) + "Q"), "not one of a storage"},

	// CVE-2026-24747: items set on a tensor, and storages that are too small.
	{"items set on a tensor", checkpoint(dict(text("w"), four+text("a")+"Ns")), "SETITEM: sets items of an object of torch._utils._rebuild_tensor_v2"},
	{"many items set on a tensor", checkpoint(dict(text("w"), four+"("+text("a")+"Nu")), "SETITEMS: sets items of an object"},
	{"items set on a tuple", checkpoint(")" + text("a") + "Ns"), "sets items of a tuple"},
	{"items set on a name", checkpoint("cos\nenviron\n" + text("a") + "Ns"), "sets items of the name os.environ"},
	{"a list appended to a tensor", checkpoint(dict(text("w"), four+"Na")), "appends to a"},
	{"a state of a tuple", checkpoint(")Nb"), "gives a state to a tuple"},
	{"a storage larger than its record", checkpoint(dict(text("w"), aTensor("0", 1<<40, 0, []int{4}, []int{1}))), "has 1099511627776 elements of float32"},
	{"a storage smaller than its record", checkpoint(dict(text("w"), aTensor("0", 3, 0, []int{3}, []int{1}))), "data/0 has 16 bytes"},
	{"a storage without a record", checkpoint(dict(text("w"), aTensor("../../etc/passwd", 4, 0, []int{4}, []int{1}))), "the archive has no data/../../etc/passwd"},
	{"a negative storage", checkpoint(dict(text("w"), aTensor("0", -4, 0, []int{4}, []int{1}))), "a storage without a key and a number of elements"},
	{"a storage of two sizes", checkpoint(dict(text("w"), four, text("x"), aTensor("0", 2, 0, []int{2}, []int{1}))), "has 4 elements of float32 in one place, and 2"},
	{"an unknown storage", checkpoint(strings.ReplaceAll(dict(text("w"), four), "FloatStorage", "VoidStorage\x20")), "unknown type"},
	{"beyond the storage", checkpoint(dict(text("w"), aTensor("0", 4, 1, []int{4}, []int{1}))), "needs 5 elements of float32, but the storage has 4"},
	{"strides beyond the storage", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{2, 2}, []int{3, 1}))), "needs 5 elements"},
	{"a negative stride", checkpoint(dict(text("w"), aTensor("0", 4, 3, []int{4}, []int{-1}))), "does not make a tensor"},
	{"a negative offset", checkpoint(dict(text("w"), aTensor("0", 4, -1, []int{2}, []int{1}))), "do not make a tensor"},
	{"a negative length", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{-4}, []int{1}))), "does not make a tensor"},
	{"more strides than lengths", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{4}, []int{1, 1}))), "do not make a tensor"},
	{"lengths that overflow", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{1 << 40, 1 << 40}, []int{0, 0}))), "does not make a tensor"},
	{"strides that overflow", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{3}, []int{1 << 62}))), "goes beyond all memory"},
	{"lengths that overflow beside 0", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{0, 1 << 40, 1 << 40}, []int{1, 1, 1}))), "does not make a tensor"},
	{"a parameter of nothing", checkpoint(dict(text("w"), "ctorch._utils\n_rebuild_parameter\n"+tuple("N", "\x89", "N")+"R")), "_rebuild_parameter: of None"},
	{"parameters in parameters", checkpoint(dict(text("w"), strings.Repeat("ctorch._utils\n_rebuild_parameter\n", 20)+four+strings.Repeat("\x85R", 20))), "wrapped more than 8 times"},
	{"a function that makes no tensor", checkpoint(dict(text("w"), "ctorch._tensor\n_rebuild_from_type_v2\n"+tuple("cos\nsystem\n", "N", tuple(text("id")), "N")+"R")), "calls the name os.system"},

	// Time and memory.
	{"a tensor of 2⁴⁰ elements in one", checkpoint(dict(text("w"), aTensor("0", 4, 0, []int{1 << 20, 1 << 20}, []int{0, 0}))), "more than a file of"},
	{"a string of 2⁶⁰ bytes", checkpoint("\x8d\x00\x00\x00\x00\x00\x00\x00\x10a"), "a length of 1152921504606846976 bytes"},
	{"a string of 4 GB", checkpoint("X\xff\xff\xff\xffa"), "unexpected EOF"},
	{"an integer of 2 GB", checkpoint("\x8b\xff\xff\xff\x7fa"), "an integer of 2147483647 bytes"},
	{"the last place of the memo", checkpoint("Nr\xff\xff\xff\xff"), "no weights but None"},
	{"deep tuples", checkpoint(dict(text("w"), four, text("x"), nested(100_000))), ""},
	{"a tuple of 2⁶⁰ values", checkpoint(dict(text("w"), four, text("x"), doubled(60))), ""},
	{"a list in itself", checkpoint(dict(text("w"), four, text("x"), "]2a")), ""},
	{"a dict in itself", checkpoint("}2" + text("state_dict") + "q\x010h\x01"), "ends with"},
	{"a state dict in itself", checkpoint("}q\x01" + text("state_dict") + "h\x01s"), "the file holds no weights"},
	{"a module in itself", checkpoint("cmy\nNet\n)\x81q\x01}(" + text("_parameters") + "}" + text("_modules") + dict(text("a"), "h\x01", text("b"), "h\x01") + "ub"), "modules within modules"},
	{"empty dicts", checkpoint(strings.Repeat("}", 1<<20)), "takes more memory than its file's size makes plausible"},
	{"a large tuple, many times", checkpoint("(" + strings.Repeat("N", 50_000) + "tq\x01" + strings.Repeat("0ccollections\nOrderedDict\n]h\x01a\x85R", 100) + "."), "want pairs"},
	{"a large list made a set, many times", checkpoint("](" + strings.Repeat("N", 50_000) + "eq\x01" + strings.Repeat("0cbuiltins\nset\nh\x01\x85R", 5000)), "takes more memory"},
	{"a long name", checkpoint("c" + strings.Repeat("a", 5000) + "\nb\n"), "a name of more than 1024 bytes"},
	{"marks", checkpoint(strings.Repeat("(", 2<<20)), "more than 1048576 marks"},
	{"names for one tensor", checkpoint(four + "q\x01" + "0}(" + manyKeys(40_000, "h\x01") + "u"), "more than a file of this size"},

	// Damage.
	{"nothing on the stack", checkpoint(""), "ends with 0 values"},
	{"two values", checkpoint("NN"), "ends with 2 values"},
	{"a mark at the end", checkpoint("(N"), "1 marks"},
	{"below the mark", checkpoint("N(\x85"), "TUPLE1: the stack is empty"},
	{"no mark", checkpoint("Nt"), "TUPLE: there is no mark"},
	{"nothing in the memo", checkpoint("h\x07"), "nothing is stored under 7"},
	{"three keys and values", checkpoint("}(NNNu"), "want pairs"},
	{"a list as a key", checkpoint("}]Ns"), "the key of a dict is a list"},
	{"protocol 6", archive("a/data.pkl", "\x80\x06N."), "protocol 6: 2 to 5 are known"},
	{"cut off", archive("a/data.pkl", proto+"}"), "unexpected EOF"},
	{"an unknown opcode", checkpoint("\xff"), "opcode 0xff: this opcode is not supported"},
	{"bytes after the object", checkpoint("N.N"), "2 bytes follow the object"},
	{"a single tensor", checkpoint(four), "a single tensor without a name"},
	{"no weights", checkpoint(dict(text("epoch"), "K\x07")), `it is a dict with 1 entries ("epoch")`},
	{"two sets of weights", checkpoint(dict(text("generator"), dict(text("w"), four), text("critic"), dict(text("w"), four))), `several sets of weights ("generator", "critic")`},

	// Archives that are two files in one, or lead outside.
	{"a name twice", archive("a/data.pkl", proto+"N.", "a/data/0", "", "a/data/0", ""), `two entries have the name "a/data/0"`},
	{"a name in upper case", archive("a/data.pkl", proto+"N.", "a/DATA/0", "", "a/data/0", ""), `two entries have the name "a/data/0"`},
	{"two objects", archive("a/data.pkl", proto+"N.", "b/data.pkl", proto+"N."), "has data.pkl in"},
	{"beside the folder", archive("a/data.pkl", proto+"N.", "b/other", ""), "this may be two files in one"},
	{"above the folder", archive("a/data.pkl", proto+"N.", "a/../../x", ""), "is not a plain path"},
	{"an absolute name", archive("/data.pkl", proto+"N."), "is not a plain path"},
	{"a name of Windows", archive("data.pkl", proto+"N.", `..\x`, ""), "is not a plain path"},
	{"no object", archive("a/data/0", ""), "the ZIP archive has no data.pkl"},
	{"something in front", append([]byte("PK\x03\x04 and so on"), checkpoint("N")...), "something was put in front of"},
	{"something behind", append(checkpoint("N"), "more"...), "something follows it"},
	{"two archives", append(checkpoint("N"), checkpoint(dict(text("w"), four))...), "something was put in front of"},
	{"cut off", checkpoint("N")[:100], "is cut off"},
	{"a compressed entry", compressed(), `entry "a/data.pkl" is compressed`},
	{"a comment", patched(checkpoint("N"), "PK\x05\x06", "PK\x05\x06", 1), ""},
	{"another name in the header", patched(archive("a/data.pkl", proto+"N."), "a/data.pkl", "b/data.pkl", 1), "its header contradicts the directory"},
	{"another name in the directory", patched(archive("a/data.pkl", proto+"N."), "a/data.pkl", "b/data.pkl", 2), "its header contradicts the directory"},
	{"TorchScript", archive("a/data.pkl", proto+"N.", "a/constants.pkl", proto+"N."), "this is a TorchScript program"},
	{"no byte order", archive("a/data.pkl", proto+"N.", "a/byteorder", "middle"), `byteorder is "middle"`},

	// The older format.
	{"legacy", legacy(dict(text("w"), four), text("0"), fourValues), ""},
	{"legacy with something behind", legacy(dict(text("w"), four), text("0"), fourValues+"PK\x05\x06"), "4 bytes follow the last storage"},
	{"legacy without its storage", legacy(dict(text("w"), four), "", ""), `ends without storage "0"`},
	{"legacy with a storage that is not named", legacy(dict(text("w"), four), text("0")+text("1"), fourValues), `a storage of key "1", which nothing refers to`},
	{"legacy with a storage twice", legacy(dict(text("w"), four), text("0")+text("0"), fourValues+fourValues), `two storages of key "0"`},
	{"legacy with another size", legacy(dict(text("w"), four), text("0"), "\x05"+fourValues[1:]), "has 5 elements, the object says 4"},
	{"legacy of a huge size", legacy(dict(text("w"), aTensor("0", 1<<57, 0, []int{4}, []int{1})), text("0"), "\x00\x00\x00\x00\x00\x00\x00\x02"), "but only 0 follow"},
	{"legacy cut off", legacy(dict(text("w"), four), text("0"), fourValues[:20]), "has 16 bytes, but only 12 follow"},
	{"legacy of another version", patched(legacy("N", "", ""), "M\xe9\x03", "M\xea\x03", 1), "protocol version is an int, want the number 1001"},
}

func manyKeys(n int, value string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(text(fmt.Sprint(i)) + value)
	}
	return b.String()
}

// use does all that a program does with a file.
func use(b []byte) error {
	f, err := torchfile.NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	_, err = f.State()
	return err
}

func TestAttacks(t *testing.T) {
	for _, test := range attacks {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "a comment" {
				n := len(test.file)
				test.file = append(bytes.Clone(test.file[:n-2]), "\x04\x00more"...)
				test.want = "something follows it"
			}
			began := time.Now()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := use(test.file)
			runtime.ReadMemStats(&after)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20+4*uint64(len(test.file)) {
				t.Errorf("allocates %d bytes for a file of %d", n, len(test.file))
			}
		})
	}
}

// TestTruncated cuts files at every third length.
func TestTruncated(t *testing.T) {
	for _, name := range []string{"zip.pth", "legacy.pth", "big.pth", "module-legacy.pth"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(b); n += 3 {
			if use(b[:n]) == nil {
				t.Fatalf("%s: %d of %d bytes can be read", name, n, len(b))
			}
		}
		if err := use(b); err != nil {
			t.Error(name, err)
		}
	}
}

// TestShared has many tensors of one storage, which together are far more than the file.
func TestShared(t *testing.T) {
	const n = 1 << 20
	var names []string
	for i := range 100 {
		names = append(names, text(fmt.Sprint(i)), aTensor("0", n, 0, []int{n}, []int{1}))
	}
	b := archive("a/data.pkl", proto+dict(names...)+".", "a/data/0", string(make([]byte, 4*n)))
	if err := use(b); err == nil || !strings.Contains(err.Error(), "the tensors take more than") {
		t.Errorf("error %v", err)
	}
}

// FuzzOpen changes whole files.
func FuzzOpen(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.p*t*")
	if err != nil || len(paths) < 10 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) < 8000 {
			f.Add(b)
		}
	}
	for _, a := range attacks {
		if len(a.file) < 8000 {
			f.Add(a.file)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkUse(t, b) })
}

// FuzzObject changes the pickle in an archive with one storage.
func FuzzObject(f *testing.F) {
	f.Add(dict(text("w"), four))
	f.Add(dict(text("model"), aModule(dict(text("a"), aModule("}"))), text("names"), "]("+text("ant")+"e"))
	f.Add(dict(text("w"), "ctorch._utils\n_rebuild_parameter\n"+tuple(four, "\x89", ordered)+"R"))
	for _, a := range attacks {
		if r, err := zip.NewReader(bytes.NewReader(a.file), int64(len(a.file))); err == nil && len(a.file) < 8000 {
			if b, err := r.Open("a/data.pkl"); err == nil {
				var s bytes.Buffer
				if _, err := s.ReadFrom(b); err == nil && s.Len() > 3 {
					f.Add(s.String()[2 : s.Len()-1])
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, pickle string) { checkUse(t, checkpoint(pickle)) })
}

// checkUse uses a file and checks what that takes: opening it and reading the values have
// a limit each.
func checkUse(t *testing.T, b []byte) {
	bounded.Check(t, len(b), 2, func() { _ = use(b) })
}
