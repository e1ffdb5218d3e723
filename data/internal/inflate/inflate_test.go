package inflate

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

// contents are inputs of several kinds.
func contents() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	made := func(n int, value func(i int) byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = value(i)
		}
		return b
	}
	return map[string][]byte{
		"nothing":  {},
		"one byte": {7},
		"zeros":    make([]byte, 60_000),
		"noise":    made(60_000, func(int) byte { return byte(r.Uint32()) }),
		"skewed":   made(60_000, func(int) byte { return byte(r.ExpFloat64() * 9) }),
		"runs":     made(100_000, func(i int) byte { return byte(i / 37 * i / 1000) }),
		"pattern":  made(100_000, func(i int) byte { return "abcdefghijk"[i%11] ^ byte(i/5000) }),
		"rare":     made(150_000, func(i int) byte { return byte(geometric(r)) }),
	}
}

// geometric returns small numbers with probabilities 1/2, 1/4, …, which makes long codes.
func geometric(r *rand.Rand) (n int) {
	for n < 40 && r.Uint32()&1 == 0 {
		n++
	}
	return n
}

func deflated(t testing.TB, plain []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestInflate(t *testing.T) {
	for name, plain := range contents() {
		for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
			packed := deflated(t, plain, level)
			for _, tail := range []int{0, 1, 20} {
				got := make([]byte, len(plain))
				used, err := Inflate(got, append(bytes.Clone(packed), make([]byte, tail)...))
				if err != nil || used != len(packed) || !bytes.Equal(got, plain) {
					t.Errorf("%s, level %d, tail %d: used %d of %d, error %v", name, level, tail, used, len(packed), err)
				}
			}
			if _, err := Inflate(make([]byte, len(plain)+1), packed); err == nil {
				t.Errorf("%s, level %d: no error for too few bytes", name, level)
			}
			if len(plain) > 0 {
				if _, err := Inflate(make([]byte, len(plain)-1), packed); err == nil {
					t.Errorf("%s, level %d: no error for too many bytes", name, level)
				}
			}
			for cut := len(packed) - 1; cut >= 0; cut -= 1 + cut/2 {
				if _, err := Inflate(make([]byte, len(plain)), packed[:cut]); err == nil {
					t.Errorf("%s, level %d: no error for the first %d of %d bytes", name, level, cut, len(packed))
				}
			}
		}
	}
}

func TestGunzip(t *testing.T) {
	plain := []byte("some text, some text, some text")
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name, w.Comment = "name", "comment"
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := out.Bytes()
	if got, err := Gunzip(file, len(plain)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Gunzip(file, len(plain)-1); err == nil {
		t.Error("no error over the limit")
	}
	if _, err := Gunzip(append(bytes.Clone(file), file...), 1000); err == nil {
		t.Error("no error for two members")
	}
	for i := range file {
		if i >= 4 && i < 23 { // time, system and texts
			continue
		}
		bad := bytes.Clone(file)
		bad[i] ^= 0x55
		if got, err := Gunzip(bad, 1000); err == nil && !bytes.Equal(got, plain) {
			t.Errorf("no error with a wrong byte %d", i)
		}
		if _, err := Gunzip(file[:i], 1000); err == nil {
			t.Errorf("no error for the first %d bytes", i)
		}
	}
}

// FuzzInflate compares with compress/flate: what this package takes must be
// what that one gives.
func FuzzInflate(f *testing.F) {
	for _, plain := range contents() {
		plain = plain[:min(len(plain), 3000)]
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			f.Add(deflated(f, plain, level), len(plain))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		if size < 0 || size > 1<<16 {
			return
		}
		got := make([]byte, size)
		used, err := Inflate(got, packed)
		in := bytes.NewReader(packed)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(in), 1<<16+1))
		switch {
		case err == nil && (wantErr != nil || !bytes.Equal(got, want) || used != len(packed)-in.Len()):
			t.Errorf("took what compress/flate finds %v, used %d of %d", wantErr, used, len(packed)-in.Len())
		case err == nil:
			_, _ = Gunzip(packed, 1<<16)
		}
	})
}

func ExampleInflate() {
	stored := []byte{1, 3, 0, 0xfc, 0xff, 'a', 'b', 'c'}
	dst := make([]byte, 3)
	used, err := Inflate(dst, stored)
	fmt.Printf("%s %d %v\n", dst, used, err)
	// Output: abc 8 <nil>
}

func BenchmarkGunzip(b *testing.B) {
	file, err := os.ReadFile("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
	if err != nil {
		b.Skip("the full dataset is not on this machine")
	}
	const size = 16 + 10000*784
	b.Run("this", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if _, err := Gunzip(file, size); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			r, err := gzip.NewReader(bytes.NewReader(file))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, size)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
