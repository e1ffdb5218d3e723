package matrix

import (
	"testing"

	"github.com/strideml/stride/internal/kerneltest"
)

// TestTwins compares each kernel with its twin.
func TestTwins(t *testing.T) { kerneltest.CompareTwins(t, twins()) }

// TestSource checks that TestTwins has all kernels, and other rules of the source.
func TestSource(t *testing.T) { kerneltest.CheckSource(t, twins()) }

// twins are all kernels with assembly.
func twins() []kerneltest.Twin {
	var list []kerneltest.Twin
	add := func(name string, tolerance float64, run func(n int) []float32) {
		list = append(list, kerneltest.Twin{Name: name, Tolerance: tolerance, Run: run})
	}
	// onPanel multiplies n rows of 7 terms by a panel.
	onPanel := func(nr int, kernel func(*TileArgs)) func(n int) []float32 {
		return func(rows int) []float32 {
			const terms = 7
			c := kerneltest.Randoms(rows*nr, 1)
			if rows > 0 {
				args := TileArgs{
					A: &kerneltest.Randoms(rows*terms, 2)[0], AOff: &ramp(rows, terms)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: terms,
					B: &kerneltest.Randoms(terms*nr, 3)[0], C: &c[0], COff: &ramp(rows, nr)[0], Rows: rows, Cols: nr - 1, ReLU: rows%2 == 0, Accumulate: rows%3 == 0,
				}
				if rows%4 == 1 {
					args.Add, args.AddOff = &kerneltest.Randoms(rows*nr, 4)[0], args.COff
				}
				kernel(&args)
			}
			return c
		}
	}
	add("Tile", kerneltest.Rounding, onPanel(TileCols, Tile))
	add("TileNarrow", kerneltest.Rounding, onPanel(NarrowCols, TileNarrow))
	add("rowTiles", kerneltest.Rounding, func(cols int) []float32 {
		const terms = 9
		c := kerneltest.Randoms(cols, 1)
		if cols > 0 {
			panels := Panels(cols, TileCols)
			args := TileArgs{
				A: &kerneltest.Randoms(terms+2, 2)[0], AOff: &ramp(1, 0)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: terms,
				B: &kerneltest.Randoms(panels*(terms+1)*TileCols, 3)[0], C: &c[0], COff: &ramp(1, 0)[0], Rows: 1, Cols: cols, ReLU: cols%2 == 0, Accumulate: cols%3 == 0,
			}
			if cols%4 == 1 {
				args.Add, args.AddOff = &kerneltest.Randoms(cols, 4)[0], args.COff
			}
			TileRow(&args, (terms+1)*TileCols)
		}
		return c
	})
	for _, cols := range []int{NarrowCols, TileCols} {
		add("Outer", kerneltest.Rounding, func(rows int) []float32 {
			const terms = 9
			c := kerneltest.Randoms(rows*cols, 1)
			if rows > 0 {
				step := rows + TileCols
				Outer(&OuterArgs{
					A: &kerneltest.Randoms(terms*step+TileCols, 2)[0], AOff: &ramp(terms, step)[0], B: &kerneltest.Randoms((terms+1)*TileCols, 3)[0], BOff: &ramp(terms, TileCols)[0],
					B1: 8, K: terms, C: &c[0], LdC: cols, Rows: rows, Cols: cols,
				})
			}
			return c
		})
	}
	for _, rows := range []int{11, 3} { // 3 are interleaved
		add("Transpose2D", 0, func(n int) []float32 {
			dst := make([]float32, rows*n)
			Transpose2D(dst, kerneltest.Randoms(rows*n, 1), rows, n, rows, n)
			return dst
		})
	}
	add("TilePairs", 0, onPanel(TileCols, TilePairs))
	add("OuterPairs", 0, func(rows int) []float32 {
		const terms = 9
		c := kerneltest.Randoms(rows*TileCols, 1)
		if rows > 0 {
			step := rows + TileCols
			OuterPairs(&OuterArgs{
				A: &kerneltest.Randoms(terms*step+TileCols, 2)[0], AOff: &ramp(terms, step)[0], B: &kerneltest.Randoms((terms+1)*TileCols, 3)[0], BOff: &ramp(terms, TileCols)[0],
				B1: 8, K: terms, C: &c[0], LdC: TileCols, Rows: rows, Cols: TileCols - rows%3, Accumulate: rows%2 == 0,
			})
		}
		return c
	})
	add("Round", 0, func(n int) []float32 {
		dst := make([]float32, (n+1)/2)
		Round(dst, kerneltest.Randoms(n, 1))
		return dst
	})
	add("RoundRows", 0, func(n int) []float32 {
		dst := make([]float32, n)
		RoundRows(dst, kerneltest.Randoms(n, 1), kerneltest.Randoms(n, 2))
		return dst
	})
	add("PeakPairs", kerneltest.Rounding, func(int) []float32 { return nil })
	// The loop counts operations; what it sums differs, see TestPeakFMA.
	add("PeakFMA", kerneltest.Rounding, func(int) []float32 { return nil })
	return list
}
