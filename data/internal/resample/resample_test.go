package resample

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
)

type golden struct {
	filter               Filter
	inH, inW, outH, outW int
	in, out              []byte
}

// goldens reads testdata/golden.bin.gz; make_golden.py says what is in it.
func goldens(t testing.TB) (cases []golden) {
	t.Helper()
	f, err := os.Open("testdata/golden.bin.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		var size [5]uint16
		if err := binary.Read(unzipped, binary.BigEndian, &size); err == io.EOF {
			return cases
		} else if err != nil {
			t.Fatal(err)
		}
		c := golden{[]Filter{Bilinear, Bicubic}[size[0]], int(size[1]), int(size[2]), int(size[3]), int(size[4]), nil, nil}
		c.in, c.out = make([]byte, c.inH*c.inW), make([]byte, c.outH*c.outW)
		for _, part := range [][]byte{c.in, c.out} {
			if _, err := io.ReadFull(unzipped, part); err != nil {
				t.Fatal(err)
			}
		}
		cases = append(cases, c)
	}
}

func TestSameBytesAsPillow(t *testing.T) {
	cases := goldens(t)
	if len(cases) < 180 {
		t.Fatalf("only %d golden cases", len(cases))
	}
	for _, c := range cases {
		p, err := New(c.filter, c.inH, c.inW, c.outH, c.outW)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(c.out))
		p.Resize(got, c.in)
		if !bytes.Equal(got, c.out) {
			t.Errorf("%d×%d to %d×%d: bytes differ from Pillow's", c.inH, c.inW, c.outH, c.outW)
		}
	}
}

// TestPassOrder has a shape for which Pillow 13 resizes columns first, and gives
// 102 69 64 96 79 49.
func TestPassOrder(t *testing.T) {
	p, err := New(Bilinear, 7, 3, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 6)
	p.Resize(got, []byte{0, 255, 0, 255, 0, 0, 0, 0, 255, 10, 200, 30, 77, 3, 99, 250, 4, 128, 1, 2, 3})
	if want := []byte{102, 68, 64, 96, 79, 50}; !bytes.Equal(got, want) {
		t.Errorf("%v, want %v as Pillow 9 to 12", got, want)
	}
}

func TestWeightsFitAndSum(t *testing.T) {
	for name, filter := range map[string]Filter{"bilinear": Bilinear, "bicubic": Bicubic} {
		for _, in := range []int{1, 2, 3, 28, 100, 1000, 10007, 65535} {
			for _, out := range []int{1, 2, 5, 28, 224, 999} {
				for i, w := range windows(filter, in, out) {
					sum, most, least := int64(0), int64(half), int64(half)
					for _, weight := range w.weights {
						v := int64(int32(weight))
						sum, most, least = sum+v, most+255*max(v, 0), least+255*min(v, 0)
					}
					if w.first < 0 || w.first+len(w.weights) > in {
						t.Fatalf("%s, %d to %d, sample %d: window %d+%d", name, in, out, i, w.first, len(w.weights))
					}
					if most >= 1<<31 || least < -1<<31 {
						t.Fatalf("%s, %d to %d, sample %d: sums from %d to %d do not fit", name, in, out, i, least, most)
					}
					if off := sum - 1<<precision; max(off, -off) > int64(len(w.weights)+1)/2 {
						t.Fatalf("%s, %d to %d, sample %d: weights sum to %d of %d", name, in, out, i, sum, 1<<precision)
					}
				}
			}
		}
	}
}

func TestBadSizes(t *testing.T) {
	for _, size := range [][4]int{{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, -1}} {
		if _, err := New(Bilinear, size[0], size[1], size[2], size[3]); err == nil {
			t.Errorf("New%v: no error", size)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	c := goldens(t)[0]
	p, err := New(c.filter, c.inH, c.inW, c.outH, c.outW)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got := make([]byte, len(c.out))
			for range 20 {
				p.Resize(got, c.in)
				if !bytes.Equal(got, c.out) {
					t.Error("bytes differ")
				}
			}
		})
	}
	all.Wait()
}

func ExampleNew() {
	// Four pixels of two rows become one: their mean, rounded after each pass.
	p, err := New(Bilinear, 2, 2, 1, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	out := make([]uint8, 1)
	p.Resize(out, []uint8{0, 255, 0, 255})
	fmt.Println(out)
	// Output: [128]
}

func BenchmarkResize(b *testing.B) {
	for _, side := range []int{32, 96, 224} {
		b.Run(fmt.Sprint("28to", side), func(b *testing.B) {
			p, err := New(Bilinear, 28, 28, side, side)
			if err != nil {
				b.Fatal(err)
			}
			in, out := make([]byte, 28*28), make([]byte, side*side)
			for b.Loop() {
				p.Resize(out, in)
			}
		})
	}
}
