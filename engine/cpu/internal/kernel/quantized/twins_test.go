package quantized

import (
	"math/rand/v2"
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly. None may differ in a bit.
func twins() []kerneltest.Twin {
	var list []kerneltest.Twin
	add := func(name string, run func(n int) []float32) {
		list = append(list, kerneltest.Twin{Name: name, Run: run})
	}
	for _, float := range []bool{false, true} {
		tile := func(rows int) []float32 {
			if rows == 0 {
				return nil
			}
			tc := &tileCase{rows: rows, cols: 1 + rows%PanelCols, segs: 2, run: 7, add: rows%3 == 0, float: float}
			tc.fill(rand.New(rand.NewPCG(1, uint64(rows))))
			tc.withSlack()
			return kerneltest.Floats(tc.result())
		}
		add("Tile", tile)
		add("tileHalf", tile)
	}
	// The loop counts operations; what it sums differs, see TestPeakDot.
	add("PeakDot", func(int) []float32 { return nil })
	return list
}
