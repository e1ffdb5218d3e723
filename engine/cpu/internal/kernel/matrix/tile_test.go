package matrix

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// canary marks memory that a kernel must not write.
const canary = -12345.5

// random returns n floats between -1 and 1.
func random(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 2*r.Float32() - 1
	}
	return x
}

// canaries returns n floats that a kernel must not write.
func canaries(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = canary
	}
	return x
}

// offsets returns n offsets in random order, at least gap apart, and the size of
// the array that they fill.
func offsets(r *rand.Rand, n, gap int) (off []int32, size int) {
	off = make([]int32, n)
	for _, p := range r.Perm(n) {
		size += r.IntN(4)
		off[p] = int32(size)
		size += gap
	}
	return off, size
}

// tileCase is one call of Tile, with all of its memory.
type tileCase struct {
	nr, rows, cols, segs, run int
	bias, accumulate, relu    bool
	six, far, add             bool // six with relu

	a, b, c, biases, more      []float32
	aOff, segOff, cOff, addOff []int32
}

func (tc *tileCase) String() string {
	return fmt.Sprintf("%d×%d of %d, %d×%d terms, bias=%v accumulate=%v add=%v relu=%v",
		tc.rows, tc.cols, tc.nr, tc.segs, tc.run, tc.bias, tc.accumulate, tc.add, tc.relu)
}

// fill takes memory for the case. What lies beyond the last columns of C, and
// between its rows, must stay as it is.
func (tc *tileCase) fill(r *rand.Rand) {
	var rowGap, aSize, cSize int
	tc.segOff, rowGap = offsets(r, tc.segs, tc.run)
	tc.aOff, aSize = offsets(r, tc.rows, r.IntN(rowGap)+1)
	tc.a = random(r, aSize+rowGap)
	tc.b = make([]float32, tc.segs*tc.run*tc.nr)
	for i := range tc.b {
		if i%tc.nr < tc.cols {
			tc.b[i] = 2*r.Float32() - 1
		}
	}
	tc.cOff, cSize = offsets(r, tc.rows, tc.cols)
	tc.c = canaries(cSize + 32)
	for _, off := range tc.cOff {
		copy(tc.c[off:], random(r, tc.cols))
	}
	if tc.bias {
		tc.biases = random(r, tc.nr)
	}
	if tc.add {
		var size int
		tc.addOff, size = offsets(r, tc.rows, tc.cols)
		tc.more = random(r, size)
	}
}

// call runs rows from ≤ p < to of the case with c as output.
func (tc *tileCase) call(c []float32, from, to int) {
	args := TileArgs{
		A: &tc.a[0], AOff: &tc.aOff[from], SegOff: &tc.segOff[0], Segs: tc.segs, Run: tc.run,
		B: &tc.b[0], C: &c[0], COff: &tc.cOff[from], Rows: to - from, Cols: tc.cols,
		Accumulate: tc.accumulate, ReLU: tc.relu, ReLU6: tc.six, NonTemporal: tc.far,
	}
	if tc.bias {
		args.Bias = &tc.biases[0]
	}
	if tc.add {
		args.Add, args.AddOff = &tc.more[0], &tc.addOff[from]
	}
	if tc.nr == NarrowCols {
		TileNarrow(&args)
	} else {
		Tile(&args)
	}
}

// result runs the whole case on a copy of C.
func (tc *tileCase) result() []float32 {
	c := slices.Clone(tc.c)
	tc.call(c, 0, tc.rows)
	return c
}

// naive computes the case in float64. magnitude is the sum of the absolute values
// of what makes up each element, the scale of its rounding error.
func (tc *tileCase) naive() (c, magnitude []float64) {
	c, magnitude = make([]float64, len(tc.c)), make([]float64, len(tc.c))
	for i, v := range tc.c {
		c[i] = float64(v)
	}
	for p := range tc.rows {
		for j := range tc.cols {
			var sum, mag float64
			add := func(v float64) { sum, mag = sum+v, mag+math.Abs(v) }
			if tc.bias {
				add(float64(tc.biases[j]))
			}
			for s, so := range tc.segOff {
				for t := range tc.run {
					add(float64(tc.a[int(tc.aOff[p])+int(so)+t]) * float64(tc.b[(s*tc.run+t)*tc.nr+j]))
				}
			}
			i := int(tc.cOff[p]) + j
			if tc.accumulate {
				add(c[i])
			}
			if tc.add {
				add(float64(tc.more[int(tc.addOff[p])+j]))
			}
			if tc.relu {
				sum = max(sum, 0)
				if tc.six {
					sum = min(sum, 6)
				}
			}
			c[i], magnitude[i] = sum, mag
		}
	}
	return c, magnitude
}

// checkClose compares a result with the exact one: terms·ε·magnitude bounds the
// error of a sum in any order, and where the magnitude is 0 nothing may change.
func checkClose(t *testing.T, name fmt.Stringer, got []float32, want, magnitude []float64, terms int) {
	t.Helper()
	const epsilon = 1.0 / (1 << 23)
	for i := range got {
		bound := float64(terms+2) * epsilon * magnitude[i]
		if !(math.Abs(float64(got[i])-want[i]) <= bound) {
			t.Fatalf("%v: element %d is %v, want %v ± %.2g", name, i, got[i], want[i], bound)
		}
	}
}

// tileCases yields cases that cover every number of rows and columns, and random
// ones of everything else.
func tileCases(r *rand.Rand, yield func(tc *tileCase)) {
	for _, nr := range []int{TileCols, NarrowCols} {
		for rows := 1; rows <= 40; rows++ {
			for cols := 1; cols <= nr; cols++ {
				tc := &tileCase{
					nr: nr, rows: rows, cols: cols, segs: 1 + r.IntN(6), run: 1 + r.IntN(70),
					bias: r.IntN(2) == 0, accumulate: r.IntN(2) == 0, relu: r.IntN(2) == 0, six: r.IntN(2) == 0, far: r.IntN(2) == 0, add: r.IntN(2) == 0,
				}
				tc.fill(r)
				yield(tc)
			}
		}
		for run := 1; run <= 70; run++ {
			for segs := 1; segs <= 6; segs++ {
				tc := &tileCase{nr: nr, rows: 1 + r.IntN(26), cols: nr, segs: segs, run: run}
				tc.fill(r)
				yield(tc)
			}
		}
	}
}

func TestTile(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		tileCases(rand.New(rand.NewPCG(1, 2)), func(tc *tileCase) {
			want, magnitude := tc.naive()
			checkClose(t, tc, tc.result(), want, magnitude, tc.segs*tc.run)
		})
	})
}

// TestTileTwins compares the assembly with the pure Go twins.
func TestTileTwins(t *testing.T) {
	best := isa.Available()[0]
	if best == isa.Generic {
		t.Skip("there are no assembly kernels for this CPU")
	}
	tileCases(rand.New(rand.NewPCG(9, 10)), func(tc *tileCase) {
		_, magnitude := tc.naive()
		twin := kerneltest.WithISA(t, isa.Generic, tc.result)
		want := make([]float64, len(twin))
		for i, v := range twin {
			want[i] = float64(v)
		}
		checkClose(t, tc, kerneltest.WithISA(t, best, tc.result), want, magnitude, 2*tc.segs*tc.run)
	})
}

// TestSameBits checks that AVX-512 changes no bit of what AVX2 computes.
func TestSameBits(t *testing.T) {
	if isa.Available()[0] != isa.AVX512 {
		t.Skip("this CPU has no AVX-512")
	}
	same := func(what fmt.Stringer, run func() []float32) {
		if !slices.Equal(kerneltest.WithISA(t, isa.AVX2, run), kerneltest.WithISA(t, isa.AVX512, run)) {
			t.Fatalf("%v: AVX-512 has other bits than AVX2", what)
		}
	}
	r := rand.New(rand.NewPCG(15, 16))
	tileCases(r, func(tc *tileCase) { same(tc, tc.result) })
	for rows := 1; rows <= 60; rows++ {
		for cols := 9; cols <= TileCols; cols++ {
			oc := &outerCase{rows: rows, cols: cols, k: r.IntN(30), b1: 8, accumulate: r.IntN(2) == 0, ldc: cols}
			oc.fill(r)
			same(oc, func() []float32 {
				c := slices.Clone(oc.c)
				oc.call(c, 0, rows)
				return c
			})
		}
	}
}

// TestTileSplit checks that the bits do not depend on how rows are grouped.
func TestTileSplit(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		tileCases(r, func(tc *tileCase) {
			want := tc.result()
			got := slices.Clone(tc.c)
			for from := 0; from < tc.rows; {
				to := min(tc.rows, from+1+r.IntN(15))
				tc.call(got, from, to)
				from = to
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%v: splitting the rows changes the result", tc)
			}
		})
	})
}

// TestTileRow checks that TileRow has the bits of Tile for each panel.
func TestTileRow(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(17, 18))
		for _, cols := range []int{1, 16, 63, 64, 65, 130, 256} {
			tc := &tileCase{nr: cols, rows: 1, cols: cols, segs: 1, run: 1 + r.IntN(40), bias: r.IntN(2) == 0, accumulate: r.IntN(2) == 0, add: r.IntN(2) == 0, relu: r.IntN(2) == 0}
			tc.fill(r)
			panels := Panels(cols, TileCols)
			step := (tc.run + 3) * TileCols
			tc.b, tc.biases = random(r, panels*step), random(r, panels*TileCols)
			args := func(panel int) *TileArgs {
				at := panel * TileCols
				a := &TileArgs{
					A: &tc.a[0], AOff: &tc.aOff[0], SegOff: &tc.segOff[0], Segs: 1, Run: tc.run, B: &tc.b[panel*step], COff: &tc.cOff[0],
					Rows: 1, Cols: min(TileCols, cols-at), Accumulate: tc.accumulate, ReLU: tc.relu,
				}
				if tc.bias {
					a.Bias = &tc.biases[at]
				}
				if tc.add {
					a.Add, a.AddOff = &tc.more[at], &tc.addOff[0]
				}
				return a
			}
			want, got := slices.Clone(tc.c), slices.Clone(tc.c)
			for panel := range panels {
				a := args(panel)
				a.C = &want[panel*TileCols]
				Tile(a)
			}
			whole := args(0)
			whole.C, whole.Cols = &got[0], cols
			TileRow(whole, step)
			if !slices.Equal(got, want) {
				t.Errorf("%v: other bits than Tile", tc)
			}
		}
	})
}

// TestTileNaN checks that ReLU keeps a NaN, and that a NaN in one row stays there.
func TestTileNaN(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		for _, cols := range []int{16, 15} {
			tc := &tileCase{nr: 16, rows: 9, cols: cols, segs: 1, run: 5, relu: true}
			tc.fill(rand.New(rand.NewPCG(5, 6)))
			want := tc.result()
			a, aOff := slices.Clone(tc.a), slices.Clone(tc.aOff)
			tc.a = slices.Concat(a, []float32{1, 2, float32(math.NaN()), 4, 5})
			tc.aOff[7] = int32(len(a)) - tc.segOff[0]
			got := tc.result()
			for p := range aOff {
				for j := range cols {
					i := int(tc.cOff[p]) + j
					if nan := got[i] != got[i]; nan != (p == 7) || !nan && got[i] != want[i] {
						t.Errorf("%d columns: row %d column %d is %v, without the NaN in row 7 it is %v", cols, p, j, got[i], want[i])
					}
				}
			}
		}
	})
}

// outerCase is one call of Outer, with all of its memory.
type outerCase struct {
	rows, cols, k int
	b1, ldc       int
	accumulate    bool

	a, b, c    []float32
	aOff, bOff []int32
}

func (oc *outerCase) String() string {
	return fmt.Sprintf("%d×%d, %d terms, b1=%d ldc=%d accumulate=%v", oc.rows, oc.cols, oc.k, oc.b1, oc.ldc, oc.accumulate)
}

// column is the place of column j, given the distance of the halves.
func column(j, half int) int {
	if j < group {
		return j
	}
	return half + j - group
}

// fill takes memory for the case. What lies between and after the operands is NaN.
func (oc *outerCase) fill(r *rand.Rand) {
	const slack = 64 // also for K = 0, where &a[from] must exist
	nan := float32(math.NaN())
	operand := func(width func(yield func(i int))) (x []float32, off []int32) {
		span := 0
		width(func(i int) { span = max(span, i+1) })
		off, size := offsets(r, oc.k, span)
		x = make([]float32, size+slack)
		for i := range x {
			x[i] = nan
		}
		for _, o := range off {
			width(func(i int) { x[int(o)+i] = 2*r.Float32() - 1 })
		}
		return x, append(off, 0) // never empty
	}
	oc.a, oc.aOff = operand(func(yield func(int)) {
		for i := range oc.rows {
			yield(i)
		}
	})
	oc.b, oc.bOff = operand(func(yield func(int)) {
		for j := range oc.cols {
			yield(column(j, oc.b1))
		}
	})
	oc.c = canaries((oc.rows-1)*oc.ldc + oc.cols + 32)
	for i := range oc.rows {
		for j := range oc.cols {
			oc.c[i*oc.ldc+j] = 2*r.Float32() - 1
		}
	}
}

// call runs rows from ≤ i < to of the case with c as result.
func (oc *outerCase) call(c []float32, from, to int) {
	Outer(&OuterArgs{
		A: &oc.a[from], AOff: &oc.aOff[0], B: &oc.b[0], BOff: &oc.bOff[0], B1: oc.b1, K: oc.k,
		C: &c[from*oc.ldc], LdC: oc.ldc, Rows: to - from, Cols: oc.cols, Accumulate: oc.accumulate,
	})
}

func (oc *outerCase) naive() (c, magnitude []float64) {
	c, magnitude = make([]float64, len(oc.c)), make([]float64, len(oc.c))
	for i, v := range oc.c {
		c[i] = float64(v)
	}
	for i := range oc.rows {
		for j := range oc.cols {
			at := i*oc.ldc + j
			var sum, mag float64
			if oc.accumulate {
				sum, mag = c[at], math.Abs(c[at])
			}
			for k := range oc.k {
				v := float64(oc.a[int(oc.aOff[k])+i]) * float64(oc.b[int(oc.bOff[k])+column(j, oc.b1)])
				sum, mag = sum+v, mag+math.Abs(v)
			}
			c[at], magnitude[at] = sum, mag
		}
	}
	return c, magnitude
}

func TestOuter(t *testing.T) {
	kerneltest.EachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for rows := 1; rows <= 40; rows++ {
			for cols := 1; cols <= 16; cols++ {
				oc := &outerCase{rows: rows, cols: cols, k: r.IntN(30), b1: 8, accumulate: r.IntN(2) == 0}
				if r.IntN(3) == 0 {
					oc.b1 = 8 + r.IntN(9)
				}
				oc.ldc = cols + r.IntN(4)
				oc.fill(r)
				got := slices.Clone(oc.c)
				oc.call(got, 0, rows)
				want, magnitude := oc.naive()
				checkClose(t, oc, got, want, magnitude, oc.k)

				split := slices.Clone(oc.c)
				for from := 0; from < rows; {
					to := min(rows, from+1+r.IntN(15))
					oc.call(split, from, to)
					from = to
				}
				if !slices.Equal(split, got) {
					t.Fatalf("%v: splitting the rows changes the result", oc)
				}
			}
		}
	})
}
