package kernel

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	filter := func(name string, filter uint8) kerneltest.Twin {
		return kerneltest.Twin{Name: name, Run: func(n int) (all []float32) {
			for _, size := range []int{3, 4} {
				src, above := kerneltest.RandomBytes(n, 1), kerneltest.RandomBytes(n, 2)
				dst := make([]uint8, n)
				Undo(filter, dst, src, above, size)
				all = append(all, kerneltest.Floats(dst)...)
			}
			return all
		}}
	}
	return []kerneltest.Twin{
		filter("Sub", 1), filter("Up", 2), filter("Average", 3), filter("Paeth", 4),
		{Name: "Split", Run: func(n int) []float32 {
			dst := make([]uint8, 3*n)
			Split(dst[:n], dst[n:2*n], dst[2*n:], kerneltest.RandomBytes(3*n, 1))
			return kerneltest.Floats(dst)
		}},
	}
}

// filtered is the filter of the standard, section 9: what an encoder stores.
func filtered(filter uint8, row, above []uint8, size int) []uint8 {
	out := make([]uint8, len(row))
	for i, x := range row {
		var a, b, c int
		b = int(above[i])
		if i >= size {
			a, c = int(row[i-size]), int(above[i-size])
		}
		switch filter {
		case 1:
			x -= uint8(a)
		case 2:
			x -= uint8(b)
		case 3:
			x -= uint8((a + b) / 2)
		case 4:
			x -= uint8(paeth(a, b, c))
		}
		out[i] = x
	}
	return out
}

// paeth is the predictor as the standard has it, section 9.4.
func paeth(a, b, c int) int {
	distance := func(x int) int { return max(x-(a+b-c), a+b-c-x) }
	switch pa, pb, pc := distance(a), distance(b), distance(c); {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}

// TestUndo filters rows and undoes it, for all sizes of pixels.
func TestUndo(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for filter := range uint8(5) {
			for _, size := range []int{1, 2, 3, 4, 6, 8} {
				for pixels := range 40 {
					row, above := kerneltest.RandomBytes(pixels*size, 3), kerneltest.RandomBytes(pixels*size, 4)
					got := make([]uint8, len(row))
					if !Undo(filter, got, filtered(filter, row, above, size), above, size) || !bytes.Equal(got, row) {
						t.Fatalf("filter %d, %d pixels of %d bytes: %v, want %v", filter, pixels, size, got, row)
					}
				}
			}
		}
	})
	if Undo(5, nil, nil, nil, 1) {
		t.Error("there is a filter 5")
	}
}

// TestPaeth compares the predictor with that of the standard for all a, b and c, and the
// kernels, of which each pixel sets what the next one has to the left.
func TestPaeth(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 5
	}
	for a := 0; a < 256; a += step {
		for b := range 256 {
			for c := range 256 {
				if got := predicted(int32(a), int32(b), int32(c)); int(got) != paeth(a, b, c) {
					t.Fatalf("of %d, %d and %d it is %d, want %d", a, b, c, got, paeth(a, b, c))
				}
			}
		}
	}
	kerneltest.EachISA(t, func(t *testing.T) {
		for a := 0; a < 256; a += 5 {
			for c := range 256 {
				var row, above []uint8
				for b := range 256 {
					row = append(row, uint8(a), uint8(a), uint8(a), 0, 0, 0) // two pixels for each b
					above = append(above, uint8(c), uint8(c), uint8(c), uint8(b), uint8(b), uint8(b))
				}
				got := make([]uint8, len(row))
				Paeth(got, filtered(4, row, above, 3), above, 3)
				if !bytes.Equal(got, row) {
					t.Fatalf("a = %d, c = %d: wrong", a, c)
				}
			}
		}
	})
}

// BenchmarkUndo undoes the filter of a row of 512 pixels.
func BenchmarkUndo(b *testing.B) {
	for _, size := range []int{3, 4} {
		for filter, name := range []string{"none", "sub", "up", "average", "paeth"} {
			src, above := kerneltest.RandomBytes(512*size, 1), kerneltest.RandomBytes(512*size, 2)
			dst := make([]uint8, 512*size)
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				for b.Loop() {
					Undo(uint8(filter), dst, src, above, size)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/pixel")
			})
		}
	}
	src, dst := kerneltest.RandomBytes(3*512, 1), make([]uint8, 3*512)
	b.Run("split", func(b *testing.B) {
		for b.Loop() {
			Split(dst[:512], dst[512:1024], dst[1024:], src)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/512, "ns/pixel")
	})
}
