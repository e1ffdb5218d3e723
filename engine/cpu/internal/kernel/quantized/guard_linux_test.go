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
