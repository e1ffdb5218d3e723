package resample

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	bytes := func(n int) []uint8 { return kerneltest.RandomBytes(n, 7) }
	columns := func(n int) []float32 {
		const in, out, top = 23, 9, 2
		taps := randomTaps(in, out, top, 7)
		dst := make([]uint8, out*(n+3))
		taps.Columns(dst, n+3, bytes((in-top)*(n+1)), n+1, n, 1, out-1, top)
		return kerneltest.Floats(dst)
	}
	return []kerneltest.Twin{
		{Name: "Columns", Run: columns},
		{Name: "sums", Run: func(n int) []float32 { return columns(max(n, lanes)) }},
		{Name: "Rows", Run: func(n int) (all []float32) {
			for _, height := range []int{n%90 + 1, 32} {
				in := n%100 + 5
				out := in*2/3 + 1
				taps := randomTaps(in, out, 0, 1+6*(n%2))
				dst := make([]uint8, height*(out+3))
				var memory []uint8
				taps.Rows(dst, out+3, bytes(height*(in+1)), in+1, in, height, 0, out-1, &memory)
				all = append(all, kerneltest.Floats(dst)...)
			}
			return all
		}},
		{Name: "toColumns", Run: func(n int) []float32 {
			n = max(n, block)
			dst := make([]uint8, lanes*n)
			toColumns(dst, bytes(lanes*(n+3)), n+3)
			return kerneltest.Floats(dst)
		}},
		{Name: "toRows", Run: func(n int) []float32 {
			n = max(n, block)
			dst := make([]uint8, lanes*(n+3))
			toRows(dst, n+3, bytes(lanes*n))
			return kerneltest.Floats(dst)
		}},
	}
}

// TestManyRows makes so many rows that they take several calls.
func TestManyRows(t *testing.T) {
	const in, out, width = 100, 300, 5_000
	src := kerneltest.RandomBytes(in*width, 1)
	columns := func() []uint8 {
		dst := make([]uint8, out*width)
		randomTaps(in, out, 0, 7).Columns(dst, width, src, width, width, 0, out, 0)
		return dst
	}
	var want []uint8
	kerneltest.Generically(t, func() { want = columns() })
	kerneltest.EachISA(t, func(t *testing.T) {
		if !slices.Equal(columns(), want) {
			t.Error("other bytes than the twin's")
		}
	})
}

// randomTaps returns taps on samples least … in−1 of a line, with weights as great as
// they may be, at most most for a new sample.
func randomTaps(in, out, least, most int) *Taps {
	r := rand.New(rand.NewPCG(uint64(in), uint64(out)))
	t := &Taps{First: make([]int, out), Count: make([]int, out), Most: most, Weights: make([]int32, out*most)}
	for i := range out {
		n := 1 + r.IntN(min(most, in-least))
		t.First[i], t.Count[i] = least+r.IntN(in-least-n+1), n
		positive, negative := int32(3<<(Precision-1)-1), int32(-1<<(Precision-1)+1)
		for j := range n {
			w := negative + int32(r.IntN(int(positive-negative)))
			if r.IntN(2) == 0 {
				w = max(negative, min(positive, w/4))
			}
			if w > 0 {
				positive -= w
			} else {
				negative -= w
			}
			t.Weights[i*most+j] = w
		}
	}
	t.Split()
	return t
}
