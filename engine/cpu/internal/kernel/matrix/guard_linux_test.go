package matrix

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTileBounds runs Tile in memory that ends with the last valid element.
func TestTileBounds(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, nr := range []int{TileCols, NarrowCols} {
			for rows := 1; rows <= 2*NarrowRows; rows++ {
				tc := &tileCase{
					nr: nr, rows: rows, cols: 1 + r.IntN(nr), segs: 1 + r.IntN(3), run: 1 + r.IntN(9),
					bias: true, accumulate: rows%2 == 0, relu: rows%3 == 0,
				}
				tc.fill(r)
				want := tc.result()

				last := func(off []int32) int { return int(slices.Max(off)) }
				tc.a = kerneltest.Guarded(t, tc.a[:last(tc.aOff)+last(tc.segOff)+tc.run])
				tc.b = kerneltest.Guarded(t, tc.b)
				tc.biases = kerneltest.Guarded(t, tc.biases)
				tc.aOff, tc.segOff, tc.cOff = kerneltest.Guarded(t, tc.aOff), kerneltest.Guarded(t, tc.segOff), kerneltest.Guarded(t, tc.cOff)
				c := kerneltest.Guarded(t, tc.c[:last(tc.cOff)+tc.cols])
				tc.call(c, 0, rows)
				if !slices.Equal(c, want[:len(c)]) {
					t.Fatalf("%v: another result at another place", tc)
				}
			}
		}
	})
}

// TestOuterBounds runs Outer with the 64 bytes after its operands that it may read,
// and none after its result.
func TestOuterBounds(t *testing.T) {
	const slack = 64 / 4
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for rows := 1; rows <= 2*NarrowRows; rows++ {
			for cols := 1; cols <= TileCols; cols++ {
				oc := &outerCase{rows: rows, cols: cols, k: 1 + r.IntN(9), b1: 8, ldc: cols, accumulate: rows%2 == 0}
				oc.fill(r)
				want := slices.Clone(oc.c)
				oc.call(want, 0, rows)

				k := oc.k
				oc.a = kerneltest.Guarded(t, oc.a[:int(slices.Max(oc.aOff))+rows+slack])
				oc.b = kerneltest.Guarded(t, oc.b[:int(slices.Max(oc.bOff))+cols+slack])
				oc.aOff, oc.bOff = kerneltest.Guarded(t, oc.aOff[:k]), kerneltest.Guarded(t, oc.bOff[:k])
				c := kerneltest.Guarded(t, oc.c[:rows*cols])
				oc.call(c, 0, rows)
				if !slices.Equal(c, want[:len(c)]) {
					t.Fatalf("%v: another result at another place", oc)
				}
			}
		}
	})
}
