package vec

import (
	"fmt"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// windowsCase is an output row of a depthwise convolution of an image of the given width.
type windowsCase struct {
	size, stride, width, c, n, groups, pad int
	bounds                                 *Bounds
}

// windowsCases calls test for windows of all kinds.
func windowsCases(test func(windowsCase)) {
	bounds := [2]*Bounds{nil, {-0.5, 0.75}}
	for _, size := range []int{3, 4, 5} {
		for _, stride := range []int{1, 2} {
			for _, n := range []int{1, 2, 6, MaxWindows} {
				for _, groups := range []int{1, 3} {
					for _, c := range []int{1, 15, 16, 17, 32, 40, 70} {
						for _, pad := range []int{0, 1, size / 2} {
							if groups > 1 && pad > 0 { // only groups that see the same columns are computed together
								continue
							}
							width := (groups*n-1)*stride + size - 2*pad
							if width > 0 {
								test(windowsCase{size, stride, width, c, n, groups, pad, bounds[c%2]})
							}
						}
					}
				}
			}
		}
	}
}

// run computes the row by DepthwiseWindows and, tap by tap, by DepthwiseRow.
func (d windowsCase) run() (windows kerneltest.Fenced, taps []float32) {
	w := Windows{
		Groups: d.groups, DstGroup: d.n * d.c, SrcGroup: d.n * d.stride * d.c,
		Width: d.size, Stride: d.stride, Rows: d.size - 1, N: d.n, From: d.pad, To: d.pad + d.width,
		DstStep: d.c, SrcStep: d.c, SrcRow: d.width * d.c, WStep: d.c, Bounds: d.bounds,
	}
	src := kerneltest.FencedCopy(kerneltest.Randoms(w.Rows*w.SrcRow, 1))
	weights := kerneltest.FencedCopy(kerneltest.Randoms(w.Rows*d.size*d.c, 2))
	bias := kerneltest.FencedCopy(kerneltest.Randoms(d.c, 3))
	dst := kerneltest.FencedCopy(make([]float32, d.groups*d.n*d.c))
	DepthwiseWindows(dst.Data, src.Data, weights.Data, bias.Data, &w, d.c)

	taps = make([]float32, len(dst.Data))
	for p := range d.groups * d.n {
		var list []Tap
		for y := range w.Rows {
			for x := range d.size {
				if column := p*d.stride + x - d.pad; column >= 0 && column < d.width {
					list = append(list, Tap{int32(y*w.SrcRow + column*d.c), int32((y*d.size + x) * d.c)})
				}
			}
		}
		DepthwiseRow(taps[p*d.c:], src.Data, weights.Data, bias.Data, list, 1, d.c, d.c, d.c, d.bounds)
	}
	return dst, taps
}

// Windows have the bits of rows, tap by tap, where there is assembly for them.
func TestDepthwiseWindows(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		windowsCases(func(d windowsCase) {
			t.Run(fmt.Sprintf("%+v", d), func(t *testing.T) {
				got, want := d.run()
				got.Check(t, "DepthwiseWindows")
				for i, g := range got.Data {
					if HasWindows(d.size, d.stride) && g != want[i] || !near(g, float64(want[i])) {
						t.Fatalf("element %d is %v, by taps %v", i, g, want[i])
					}
				}
			})
		})
	})
}

// addWindowTwins lists DepthwiseWindows for all that there is assembly for.
func addWindowTwins(add func(name string, tolerance float64, run func(n int) []float32)) {
	for _, size := range []int{3, 5} {
		for _, stride := range []int{1, 2} {
			add("DepthwiseWindows", 1e-5, func(c int) []float32 {
				if c == 0 {
					return nil
				}
				y, _ := windowsCase{size, stride, 6*stride + size - 2, c, MaxWindows, 1, 1, &Bounds{-1, 2}}.run()
				return y.Data
			})
		}
	}
}
