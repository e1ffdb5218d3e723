package idx

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// file makes an IDX file with a header of the given magic and dimensions.
func file(magic uint32, elements []byte, dims ...uint32) []byte {
	out := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range dims {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return append(out, elements...)
}

func zipped(plain []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(plain)
	w.Close()
	return out.Bytes()
}

func TestRead(t *testing.T) {
	elements := []byte("abcdefghijkl")
	for name, input := range map[string][]byte{
		"plain":  file(0x803, elements, 3, 2, 2),
		"zipped": zipped(file(0x803, elements, 3, 2, 2)),
	} {
		got, shape, err := Read(bytes.NewReader(input), name, 100, 0, 2, 2)
		if err != nil || !bytes.Equal(got, elements) || fmt.Sprint(shape) != "[3 2 2]" {
			t.Errorf("%s: %q %v %v", name, got, shape, err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	good := file(0x803, make([]byte, 12), 3, 2, 2)
	gz := zipped(good)
	flip := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 0xff
		return b
	}
	for _, c := range []struct {
		name  string
		input []byte
		want  string
	}{
		{"empty", nil, "f is cut short in its magic number: found 0 of 4 bytes"},
		{"half a magic number", good[:2], "f is cut short in its magic number: found 2 of 4"},
		{"half the dimensions", good[:9], "f is cut short in its dimensions: found 5 of 12"},
		{"no elements", good[:16], "f is cut short in its 3×2×2 bytes: found 0 of 12"},
		{"cut", good[:20], "f is cut short in its 3×2×2 bytes: found 4 of 12"},
		{"too long", append(bytes.Clone(good), 0), "f is too long: its header says 3×2×2, which is 12 bytes"},
		{"labels instead", file(0x801, make([]byte, 3), 3), "magic number is 0x00000801 (bytes in 1 dimension), want 0x00000803"},
		{"HTML", []byte("<!DOCTYPE html><html></html>"), "f is not the IDX file it should be: it is an HTML page"},
		{"Git LFS", []byte("version https://git-lfs.github.com/spec/v1\n"), "f is not the IDX file it should be: it is a Git LFS pointer"},
		{"HTML, zipped", zipped([]byte("<html>")), "f is not the IDX file it should be: it is an HTML page"},
		{"something else", []byte("abcdefgh"), "magic number is 0x61626364, want 0x00000803"},
		{"other size", file(0x803, make([]byte, 27), 3, 3, 3), "f has length 3 in dimension 2 of 3: want 2"},
		{"no images", file(0x803, nil, 0, 2, 2), "f has length 0 in dimension 1 of 3: want at least 1"},
		{"absurd", file(0x803, nil, 1<<32-1, 2, 2), "f claims more than 100 bytes"},
		{"just too many", file(0x803, nil, 26, 2, 2), "f claims more than 100 bytes"},
		{"gzip of nothing", zipped(nil), "f is cut short in its magic number: found 0 of 4"},
		{"gzip header cut", gz[:5], "f is cut short at its gzip header"},
		{"gzip cut", gz[:len(gz)-12], "f is cut short"},
		{"gzip without checksum", gz[:len(gz)-8], "f is cut short at its end"},
		{"gzip checksum", flip(gz, len(gz)-6), "f is damaged: its contents do not match their gzip checksum"},
		{"gzip method", flip(gz, 2), "f is damaged: it cannot be decompressed at its gzip header"},
		{"gzip contents", flip(gz, 10), "f is "},
		{"bytes after gzip", append(bytes.Clone(gz), 'x'), "f: it has more bytes after its gzip stream, which are neither another member nor zeros"},
		{"bytes after zeros after gzip", append(bytes.Clone(gz), 0, 0, 'x'), "f: it has more bytes after its gzip stream"},
		{"the same twice, zipped", append(bytes.Clone(gz), gz...), "f is too long"},
		{"zipped twice", zipped(gz), "f is not the IDX file it should be: it is compressed with gzip"},
		{"gzip too long", zipped(append(bytes.Clone(good), make([]byte, 1<<20)...)), "f is too long"},
	} {
		got, _, err := Read(bytes.NewReader(c.input), "f", 100, 0, 2, 2)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d bytes, error %v, want %q", c.name, len(got), err, c.want)
		}
	}
}

func TestReadErrorIsKept(t *testing.T) {
	broken := errors.New("disk on fire")
	in := io.MultiReader(bytes.NewReader(file(0x801, []byte("ab"), 5)), failing{broken})
	if _, _, err := Read(in, "f", 100, 0); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A header may lie about a size; memory must follow what arrives.
func TestMemoryFollowsData(t *testing.T) {
	input := file(0x801, make([]byte, 10), 1<<31)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, _, err := Read(bytes.NewReader(input), "f", 1<<31, 0); err == nil {
		t.Fatal("no error")
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 2*trusted {
		t.Errorf("%d bytes were taken for a file of %d", taken, len(input))
	}
}

// A gzip file that unpacks to 20 MB, for a header of 4 bytes, is left after
// the first byte too many.
func TestBombIsNotUnpacked(t *testing.T) {
	bomb := zipped(file(0x801, make([]byte, 20<<20), 4))
	for len(bomb) < 200<<10 { // so that reading it all would show
		bomb = append(bomb, bomb...)
	}
	counted := &counter{r: bytes.NewReader(bomb)}
	if _, _, err := Read(counted, "f", 100, 0); err == nil {
		t.Fatal("no error")
	}
	if counted.n > 128<<10 {
		t.Errorf("%d of %d bytes were read", counted.n, len(bomb))
	}
}

type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzRead(f *testing.F) {
	good := file(0x803, make([]byte, 12), 3, 2, 2)
	f.Add(good)
	f.Add(zipped(good))
	f.Add(good[:17])
	f.Add(file(0x803, nil, 1<<32-1, 1<<32-1, 1<<32-1))
	f.Add(append(zipped(good), 1, 2, 3))
	f.Fuzz(func(t *testing.T, input []byte) {
		got, shape, err := Read(bytes.NewReader(input), "f", 1<<16, 0, 0, 0)
		if err == nil && (len(shape) != 3 || len(got) != shape[0]*shape[1]*shape[2] || len(got) > 1<<16) {
			t.Errorf("%d bytes for shape %v", len(got), shape)
		}
	})
}

func ExampleRead() {
	labels := []byte{0, 0, 8, 1, 0, 0, 0, 3, 9, 0, 0}
	elements, shape, err := Read(bytes.NewReader(labels), "labels", 1000, 0)
	fmt.Println(elements, shape, err)
	_, _, err = Read(bytes.NewReader(labels[:10]), "labels", 1000, 0)
	fmt.Println(err)
	// Output:
	// [9 0 0] [3] <nil>
	// labels is cut short in its 3 bytes: found 2 of 3 bytes: unexpected EOF
}

// A header is the optional part of a gzip member.
type header struct {
	extra, name, comment []byte // nil for none; name and comment without their zero
	crc                  bool
	flags                byte // beside those that the fields above need
	wrong                bool // the header's checksum is
}

// member zips contents by hand, with any header.
func member(contents []byte, h header) []byte {
	flags := h.flags
	var fields []byte
	if h.extra != nil {
		flags |= 4
		fields = append(binary.LittleEndian.AppendUint16(fields, uint16(len(h.extra))), h.extra...)
	}
	for _, text := range []struct {
		value []byte
		flag  byte
	}{{h.name, 8}, {h.comment, 16}} {
		if text.value != nil {
			flags |= text.flag
			fields = append(append(fields, text.value...), 0)
		}
	}
	if h.crc {
		flags |= 2
	}
	out := append([]byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3}, fields...)
	if h.crc {
		sum := uint16(crc32.ChecksumIEEE(out))
		if h.wrong {
			sum++
		}
		out = binary.LittleEndian.AppendUint16(out, sum)
	}
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, 9)
	w.Write(contents)
	w.Close()
	out = append(out, deflated.Bytes()...)
	out = binary.LittleEndian.AppendUint32(out, crc32.ChecksumIEEE(contents))
	return binary.LittleEndian.AppendUint32(out, uint32(len(contents)))
}

// What RFC 1952 allows is read, and what it forbids is refused.
func TestGzip(t *testing.T) {
	plain := file(0x803, []byte("abcdefghijkl"), 3, 2, 2)
	none := header{}
	whole := member(plain, none)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	change := func(b []byte, fromEnd int) []byte {
		b = bytes.Clone(b)
		b[len(b)-fromEnd]++
		return b
	}
	var each [][]byte
	for i := range plain {
		each = append(each, member(plain[i:i+1], none))
	}
	for name, c := range map[string]struct {
		input []byte
		want  string // "" if it is right
	}{
		"one member":               {whole, ""},
		"two members":              {join(member(plain[:9], none), member(plain[9:], none)), ""},
		"a member for each byte":   {join(each...), ""},
		"an empty member first":    {join(member(nil, none), whole), ""},
		"an empty member last":     {join(whole, member(nil, none)), ""},
		"empty members between":    {join(member(plain[:16], none), member(nil, none), member(nil, none), member(plain[16:], none)), ""},
		"extra field":              {member(plain, header{extra: []byte("AB\x02\x00xy")}), ""},
		"empty extra field":        {member(plain, header{extra: []byte{}}), ""},
		"long extra field":         {member(plain, header{extra: make([]byte, 65535)}), ""},
		"name":                     {member(plain, header{name: []byte("t10k-images")}), ""},
		"empty name":               {member(plain, header{name: []byte{}}), ""},
		"name in Latin-1":          {member(plain, header{name: []byte("caf\xe9")}), ""},
		"comment":                  {member(plain, header{comment: []byte("line\nline")}), ""},
		"header checksum":          {member(plain, header{crc: true}), ""},
		"text flag":                {member(plain, header{flags: 1}), ""},
		"all fields":               {member(plain, header{[]byte("x"), []byte("n"), []byte("c"), true, 1, false}), ""},
		"all fields, twice":        {join(member(plain[:5], header{[]byte("x"), []byte("n"), []byte("c"), true, 0, false}), member(plain[5:], header{name: []byte("m"), crc: true})), ""},
		"zeros at the end":         {join(whole, make([]byte, 1000)), ""},
		"a zero at the end":        {join(whole, []byte{0}), ""},
		"name of 600 bytes":        {member(plain, header{name: bytes.Repeat([]byte("n"), 600)}), "f is damaged: it cannot be decompressed at its gzip header"},
		"wrong header checksum":    {member(plain, header{crc: true, wrong: true}), "f is damaged: it cannot be decompressed at its gzip header"},
		"reserved flag":            {member(plain, header{flags: 0x20}), "f is damaged: it cannot be decompressed at its gzip header"},
		"reserved flag, second":    {join(member(plain[:9], none), member(plain[9:], header{flags: 0x80})), "f is damaged: it cannot be decompressed"},
		"name without end":         {join([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3}, []byte("name")), "f is cut short at its gzip header"},
		"extra field cut":          {[]byte{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 200, 0, 'x'}, "f is cut short at its gzip header"},
		"garbage at the end":       {join(whole, []byte("garbage")), "neither another member nor zeros"},
		"one byte of a member":     {join(whole, []byte{0x1f}), "neither another member nor zeros"},
		"zeros, then a member":     {join(member(plain[:9], none), make([]byte, 8), member(plain[9:], none)), "f is cut short in its dimensions"},
		"two bytes of a member":    {join(whole, []byte{0x1f, 0x8b}), "f is cut short at its end"},
		"second member cut":        {join(member(plain[:9], none), member(plain[9:], none)[:14]), "f is cut short"},
		"second header cut":        {join(member(plain[:9], none), member(plain[9:], none)[:7]), "f is cut short"},
		"wrong checksum":           {change(whole, 8), "f is damaged: its contents do not match their gzip checksum"},
		"wrong length":             {change(whole, 4), "f is damaged: its contents do not match their gzip checksum"},
		"wrong checksum, second":   {join(member(plain[:9], none), change(member(plain[9:], none), 8)), "f is damaged: its contents do not match their gzip checksum"},
		"wrong checksum, first":    {join(change(member(plain[:9], none), 8), member(plain[9:], none)), "f is damaged: its contents do not match their gzip checksum"},
		"wrong checksum, no bytes": {join(whole, change(member(nil, none), 8)), "f is damaged: its contents do not match their gzip checksum"},
		"too much, second":         {join(whole, member([]byte("x"), none)), "f is too long"},
		"nothing in any member":    {join(member(nil, none), member(nil, none)), "f is cut short in its magic number: found 0 of 4"},
		"another method":           {join([]byte{0x1f, 0x8b, 7}, whole[3:]), "f is damaged: it cannot be decompressed at its gzip header"},
	} {
		got, shape, err := Read(bytes.NewReader(c.input), "f", 100, 0, 2, 2)
		if c.want == "" && (err != nil || string(got) != "abcdefghijkl" || fmt.Sprint(shape) != "[3 2 2]") {
			t.Errorf("%s: %q %v %v", name, got, shape, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %q, error %v, want %s", name, got, err, c.want)
		}
	}
	// Reads of a byte each end members at the ends of reads.
	input := join(member(plain[:9], none), member(plain[9:], none))
	if got, _, err := Read(iotest.OneByteReader(bytes.NewReader(input)), "f", 100, 0, 2, 2); err != nil || len(got) != 12 {
		t.Errorf("byte by byte: %q, %v", got, err)
	}
}

// Every type code with every number of dimensions is read or called what it is.
func TestKinds(t *testing.T) {
	sizes := map[byte]int{0x08: 1, 0x09: 1, 0x0B: 2, 0x0C: 4, 0x0D: 4, 0x0E: 8}
	for code := range 256 {
		for dims := range 8 {
			magic := uint32(code<<8 | dims)
			lengths, want, total := make([]uint32, dims), make([]int, dims), 1
			for i := range lengths {
				lengths[i], want[i], total = 2, 0, total*2
			}
			size := max(sizes[byte(code)], 1)
			input := file(magic, make([]byte, total*size), lengths...)
			// A reader of as many dimensions takes bytes only; one of others takes nothing.
			got, shape, err := Read(bytes.NewReader(input), "f", 1000, want...)
			if code == 0x08 {
				if err != nil || len(got) != total || len(shape) != dims {
					t.Errorf("%#08x: %d bytes of shape %v, %v", magic, len(got), shape, err)
				}
			} else if says := fmt.Sprintf("f is not the IDX file it should be: its magic number is %#08x", magic); err == nil || !strings.HasPrefix(err.Error(), says) {
				t.Errorf("%#08x: error %v", magic, err)
			}
			if _, _, err := Read(bytes.NewReader(input), "f", 1000, append(want, 0)...); err == nil || !strings.Contains(err.Error(), "want 0x") {
				t.Errorf("%#08x read with %d dimensions: error %v", magic, dims+1, err)
			}
		}
	}
	for magic, want := range map[uint32]string{
		0x801:      "0x00000801 (bytes in 1 dimension), want 0x00000803 (bytes in 3 dimensions)",
		0x903:      "0x00000903 (signed bytes in 3 dimensions), want",
		0xB03:      "(16-bit integers in 3 dimensions), want",
		0xC01:      "(32-bit integers in 1 dimension), want",
		0xD03:      "(32-bit floats in 3 dimensions), want",
		0xE00:      "(64-bit floats in 0 dimensions), want",
		0x03080000: "0x03080000 (the bytes of a magic number in reverse order), want",
		0x0A03:     "0x00000a03, want",
		0x010803:   "0x00010803, want",
	} {
		if _, _, err := Read(bytes.NewReader(file(magic, make([]byte, 100), 3, 2, 2)), "f", 100, 0, 2, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%#08x: error %v, want %s", magic, err, want)
		}
	}
}

// Sizes whose product does not fit 32 or 64 bits are refused before anything is allocated.
func TestHugeSizes(t *testing.T) {
	for _, sizes := range [][]uint32{
		{1 << 31, 2, 2}, {1<<32 - 1, 1<<32 - 1, 1<<32 - 1}, {1 << 22, 1 << 21, 1 << 21}, {1, 1, 1 << 30}, {65536, 65536, 1}, {3, 1 << 31, 1 << 31},
	} {
		if _, _, err := Read(bytes.NewReader(file(0x803, nil, sizes...)), "f", 1<<20, 0, 0, 0); err == nil || !strings.Contains(err.Error(), "that is not believable") {
			t.Errorf("%v: error %v", sizes, err)
		}
	}
}
