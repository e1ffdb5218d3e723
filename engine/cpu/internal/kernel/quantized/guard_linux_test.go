package quantized

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTileBounds runs Tile in memory that ends with the last valid element, of A with the three bytes after it.
func TestTileBounds(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for rows := 1; rows <= 25; rows++ {
			for _, float := range []bool{false, true} {
				tc := &tileCase{rows: rows, cols: 1 + r.IntN(PanelCols), segs: 1 + r.IntN(3), run: 1 + r.IntN(9), add: rows%2 == 0, float: float}
				tc.fill(r)
				tc.withSlack()
				want := tc.result()
				tc.x = kerneltest.Guarded(t, tc.x)
				tc.packed, tc.folded, tc.scale = kerneltest.Guarded(t, tc.packed), kerneltest.Guarded(t, tc.folded), kerneltest.Guarded(t, tc.scale)
				tc.aOff, tc.segOff, tc.cOff = kerneltest.Guarded(t, tc.aOff), kerneltest.Guarded(t, tc.segOff), kerneltest.Guarded(t, tc.cOff)
				end := (int(slices.Max(tc.cOff)) + tc.cols) * tc.elementSize()
				c := kerneltest.Guarded(t, tc.canaries()[:end])
				if tc.add {
					tc.more, tc.addOff = kerneltest.Guarded(t, tc.more), kerneltest.Guarded(t, tc.addOff)
				}
				tc.call(c, 0, rows)
				if !slices.Equal(c, want[:end]) {
					t.Fatalf("%v: another result at another place", tc)
				}
			}
		}
	})
}

// TestDepthwiseBounds does the same for Depthwise.
func TestDepthwiseBounds(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, shape := range [][3]int{{3, 3, 1}, {3, 3, 2}, {5, 5, 1}, {5, 5, 2}, {9, 1, 1}} {
			for n := 1; n <= 6; n++ {
				for _, c := range []int{5, 16, 30, 64, 70, 112} {
					dc := &depthwiseCase{n: n, c: c, rows: shape[0], width: shape[1], stride: shape[2]}
					dc.fill(r)
					dc.src, dc.dst, dc.rowOff = kerneltest.Guarded(t, dc.src), kerneltest.Guarded(t, dc.dst), kerneltest.Guarded(t, dc.rowOff)
					dc.packed, dc.bias, dc.scale = kerneltest.Guarded(t, dc.packed), kerneltest.Guarded(t, dc.bias), kerneltest.Guarded(t, dc.scale)
					if Depthwise(dc.args()); !slices.Equal(dc.dst, dc.want) {
						t.Fatalf("%v: another result at another place", dc)
					}
				}
			}
		}
	})
}

// TestRowBounds does the same for the kernels of rows.
func TestRowBounds(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		table := [256]uint8{}
		for n := 1; n <= 140; n++ {
			a, b, dst := kerneltest.Guarded(t, kerneltest.RandomBytes(n, 1)), kerneltest.Guarded(t, kerneltest.RandomBytes(n, 2)), kerneltest.Guarded(t, make([]uint8, n))
			floats := kerneltest.Guarded(t, kerneltest.Randoms(n, 3))
			Lookup(dst, a, &table)
			Add(dst, a, b, &Sum{ScaleA: 1, ScaleB: 1, High: 255})
			Quantize(dst, floats, &Quantization{Scale: 1, High: 255})
			Dequantize(floats, a, 1, 0)
			MaxRow(dst, a, []int32{0, 0}, 1, n, n, n)
			AverageRow(dst, a, []int32{0, 0}, 1, n, n, n, &Average{Scale: 1, High: 255})
		}
	})
}
