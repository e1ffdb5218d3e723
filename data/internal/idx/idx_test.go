package idx

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
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
		{"labels instead", file(0x801, make([]byte, 3), 3), "magic number is 0x00000801, want 0x00000803"},
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
		{"bytes after gzip", append(bytes.Clone(gz), 'x'), "f has more bytes after its gzip stream"},
		{"two gzip streams", append(bytes.Clone(gz), gz...), "f has more bytes after its gzip stream"},
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
