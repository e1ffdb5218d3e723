package strided

import (
	"slices"
	"testing"

	"github.com/strideml/stride/tensor"
)

func count(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i + 1)
	}
	return x
}

// TestBox copies boxes in pieces and compares them element by element.
func TestBox(t *testing.T) {
	for _, test := range []struct {
		shape    tensor.Shape
		dst, src []int
	}{
		{tensor.Shape{}, nil, nil},
		{tensor.Shape{5}, []int{1}, []int{3}},
		{tensor.Shape{2, 3, 4}, []int{12, 4, 1}, []int{12, 4, 1}},
		{tensor.Shape{2, 3, 4}, []int{12, 4, 1}, []int{4, 8, 1}},
		{tensor.Shape{2, 3, 4, 5}, []int{60, 1, 15, 3}, []int{60, 20, 5, 1}},
		{tensor.Shape{3, 1, 4}, []int{4, 4, 1}, []int{1, 7, 0}},
	} {
		src, got, want := count(200), make([]float32, 200), make([]float32, 200)
		for i := range test.shape.Size() {
			d, s, rest := 0, 0, i
			for axis := len(test.shape) - 1; axis >= 0; axis-- {
				at := rest % test.shape[axis]
				rest /= test.shape[axis]
				d, s = d+at*test.dst[axis], s+at*test.src[axis]
			}
			want[d] = src[s]
		}
		b := NewBox(test.shape, test.dst, test.src)
		if b.Outer()*b.InnerSize() != test.shape.Size() {
			t.Errorf("%v: %d iterations of %d elements", test, b.Outer(), b.InnerSize())
		}
		for i := range b.Outer() {
			b.Copy(got, src, i, i+1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v, want %v", test, got, want)
		}
	}
}

// TestRows gathers and scatters parts of rows.
func TestRows(t *testing.T) {
	const rows, n, pitch = 4, 3, 5
	src := count(rows * pitch)
	for lo := range rows * n {
		for hi := lo; hi <= rows*n; hi++ {
			got := make([]float32, hi-lo)
			GatherRows(got, src, lo, n, pitch)
			back := make([]float32, rows*pitch)
			ScatterRows(back, got, lo, n, pitch)
			for i := range rows * n {
				at, inside := i/n*pitch+i%n, i >= lo && i < hi
				if inside && (got[i-lo] != src[at] || back[at] != src[at]) || !inside && back[at] != 0 {
					t.Fatalf("elements %d to %d: element %d is wrong: gathered %v, scattered %v", lo, hi, i, got, back)
				}
			}
		}
	}
}

// TestCopyPadded copies windows that hang over all sides of an image.
func TestCopyPadded(t *testing.T) {
	for _, im := range []Image{{3, 4, 2, 2}, {3, 4, 2, 5}, {2, 3, BlockChannels, BlockChannels + 1}} {
		src := count(im.Size())
		for y := -4; y < 5; y++ {
			for x := -5; x < 6; x++ {
				const h, w = 4, 3
				got := make([]float32, h*w*im.C)
				im.CopyPadded(got, src, im.C, y, x, h, w)
				for i, v := range got {
					row, col, c := y+i/im.C/w, x+i/im.C%w, i%im.C
					want := float32(0)
					if row >= 0 && row < im.H && col >= 0 && col < im.W {
						want = src[(row*im.W+col)*im.Pitch+c]
					}
					if v != want {
						t.Fatalf("%v from row %d, column %d: element %d is %v, want %v", im, y, x, i, v, want)
					}
				}
			}
		}
	}
}
