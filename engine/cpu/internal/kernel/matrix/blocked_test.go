package matrix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBlocked compares the kernels in blocks with the twins, bit by bit.
func TestBlocked(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	same := func(what string, got, want []float32) {
		t.Helper()
		if !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%s: the bits differ", what)
		}
	}
	for range 400 {
		nr := []int{TileCols, NarrowCols}[r.IntN(2)]
		rows, cols, segs, run := 1+r.IntN(8), 1+r.IntN(nr), 1+r.IntN(3), 1+r.IntN(11)
		const pitch = 13 // of segments
		a, b, c := random(r, rows*run+segs*pitch), random(r, segs*run*nr), random(r, rows*nr)
		args := TileArgs{
			A: &a[0], AOff: &ramp(rows, run)[0], SegOff: &ramp(segs, pitch)[0], Segs: segs, Run: run, B: &b[0], COff: &ramp(rows, nr)[0],
			Rows: rows, Cols: cols, Accumulate: r.IntN(2) == 0, ReLU: r.IntN(2) == 0, ReLU6: r.IntN(2) == 0,
		}
		if r.IntN(2) == 0 {
			args.Bias = &random(r, nr)[0]
		}
		if r.IntN(3) == 0 {
			args.Add, args.AddOff = &random(r, rows*nr)[0], args.COff
		}
		want, got := slices.Clone(c), slices.Clone(c)
		args.C = &want[0]
		tileGeneric(&args, nr)
		args.C = &got[0]
		if nr == TileCols {
			tileBlocked[[TileCols]float32](&args)
		} else {
			tileBlocked[[NarrowCols]float32](&args)
		}
		same(fmt.Sprintf("tile %+v", args), got, want)
	}
	for range 400 {
		rows, cols, terms, ldc := 1+r.IntN(14), 1+r.IntN(16), r.IntN(11), 16+r.IntN(3)
		b1 := []int{8, 24}[r.IntN(2)]
		a, b, c := random(r, terms*20+rows+16), random(r, terms*20+64), random(r, rows*ldc)
		args := OuterArgs{
			A: &a[0], AOff: &append(ramp(terms, 20), 0)[0], B: &b[0], BOff: &append(ramp(terms, 20), 0)[0], B1: b1, K: terms,
			LdC: ldc, Rows: rows, Cols: cols, Accumulate: r.IntN(2) == 0,
		}
		want, got := slices.Clone(c), slices.Clone(c)
		args.C = &want[0]
		outerGeneric(&args)
		args.C = &got[0]
		outerBlocked(&args)
		same(fmt.Sprintf("outer %+v", args), got, want)
	}
}
