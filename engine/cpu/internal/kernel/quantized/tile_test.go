package quantized

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/strideml/stride/internal/isa"
	"github.com/strideml/stride/internal/kerneltest"
)

// eachISA runs a test with every instruction set that this CPU has, and with those that have instructions for dot products
// without these.
func eachISA(t *testing.T, test func(t *testing.T)) {
	kerneltest.EachISA(t, func(t *testing.T) {
		test(t)
		if isa.UseAVX512VNNI || isa.UseAVXVNNI || isa.UseDotProd {
			defer isa.WithoutDot()()
			t.Run("withoutDot", test)
		}
	})
}

// canary marks memory that a kernel must not write.
const canary = 0xa5

// offsets returns n offsets in random order, at least gap apart, and the size of the array that they fill.
func offsets(r *rand.Rand, n, gap int) (off []int32, size int) {
	off = make([]int32, n)
	for _, p := range r.Perm(n) {
		size += r.IntN(4)
		off[p] = int32(size)
		size += gap
	}
	return off, size
}

// ramp returns n offsets i·step.
func ramp(n, step int) []int32 {
	off := make([]int32, n)
	for i := range off {
		off[i] = int32(i * step)
	}
	return off
}

// tileCase is a product with all of its memory.
type tileCase struct {
	rows, cols, segs, run int
	add, float            bool
	a                     func(i int) uint8 // the elements of A
	weight                func(i int) int8

	x, more                    []uint8
	w, packed                  []int8
	bias, folded               []int32
	zero                       int32 // of A
	out                        Output
	scale                      []float32
	aOff, segOff, cOff, addOff []int32
	cSize                      int
}

func (tc *tileCase) String() string {
	return fmt.Sprintf("%d×%d, %d×%d terms, add=%v float=%v", tc.rows, tc.cols, tc.segs, tc.run, tc.add, tc.float)
}

// slack is how much may be read after a run.
const slack = 3

// fill takes memory for the case.
func (tc *tileCase) fill(r *rand.Rand) {
	if tc.a == nil {
		tc.a = func(int) uint8 { return uint8(r.IntN(256)) }
	}
	if tc.weight == nil {
		tc.weight = func(int) int8 { return int8(r.IntN(256) - 128) }
	}
	var span, size int
	tc.segOff, span = offsets(r, tc.segs, tc.run)
	tc.aOff, size = offsets(r, tc.rows, r.IntN(span)+1)
	tc.x = make([]uint8, size+span)
	for i := range tc.x {
		tc.x[i] = tc.a(i)
	}
	last := int(slices.Max(tc.aOff)) + int(slices.Max(tc.segOff)) + tc.run
	tc.x = tc.x[:last:last]
	terms := tc.segs * tc.run
	tc.w = make([]int8, tc.cols*terms)
	for i := range tc.w {
		tc.w[i] = tc.weight(i)
	}
	tc.packed = make([]int8, PackedSize(tc.cols, tc.segs, tc.run))
	Pack(tc.packed, tc.w, tc.cols, tc.segs, tc.run, 0, Panels(tc.cols))
	tc.zero = int32(r.IntN(256))
	tc.bias, tc.folded = make([]int32, tc.cols), make([]int32, Columns(tc.cols))
	for j := range tc.bias {
		tc.bias[j] = int32(r.IntN(2001) - 1000)
	}
	FoldBias(tc.folded, tc.bias, tc.packed, tc.cols, tc.segs, tc.run, tc.zero)
	tc.scale = make([]float32, Columns(tc.cols))
	for j := range tc.cols {
		tc.scale[j] = (0.5 + r.Float32()) * 200 / (10000 * float32(math.Sqrt(float64(terms))))
	}
	tc.out = Output{Zero: int32(r.IntN(256)), AddScale: 2 * r.Float32(), AddZero: int32(r.IntN(256))}
	if tc.float {
		tc.out.Low, tc.out.High = float32(math.Inf(-1)), float32(math.Inf(1))
		if r.IntN(2) == 0 {
			tc.out.Low, tc.out.High = 0, 6
		}
	} else {
		tc.out.Low, tc.out.High = float32(-tc.out.Zero), float32(255-tc.out.Zero)
		if r.IntN(3) == 0 {
			tc.out.Low, tc.out.High = Bounds8(0, 3+r.Float32(), 1.0/64, tc.out.Zero)
		}
	}
	tc.cOff, tc.cSize = offsets(r, tc.rows, tc.cols)
	if tc.add {
		tc.addOff, size = offsets(r, tc.rows, tc.cols)
		tc.more = make([]uint8, size)
		for i := range tc.more {
			tc.more[i] = uint8(r.IntN(256))
		}
	}
}

// elementSize is that of an element of C.
func (tc *tileCase) elementSize() int {
	if tc.float {
		return 4
	}
	return 1
}

// call runs rows from ≤ p < to of the case with c as output.
func (tc *tileCase) call(c []uint8, from, to int) {
	x := tc.x
	for p := range Panels(tc.cols) {
		at := p * PanelCols
		out := tc.out
		out.Scale = &tc.scale[at]
		args := TileArgs{
			A: &x[0], AOff: &tc.aOff[from], SegOff: &tc.segOff[0], Segs: tc.segs, Run: tc.run,
			B: &tc.packed[p*PanelStep(tc.segs, tc.run)], Bias: &tc.folded[at],
			C: &c[at*tc.elementSize()], COff: &tc.cOff[from], Rows: to - from, Cols: min(PanelCols, tc.cols-at), Output: &out, Float: tc.float,
		}
		if tc.add {
			args.Add, args.AddOff = &tc.more[at], &tc.addOff[from]
		}
		Tile(&args)
	}
}

// result runs the whole case.
func (tc *tileCase) result() []uint8 {
	c := tc.canaries()
	tc.call(c, 0, tc.rows)
	return c
}

// canaries returns memory for C.
func (tc *tileCase) canaries() []uint8 {
	size := tc.elementSize()
	c := slices.Repeat([]uint8{canary}, tc.cSize*size+4)
	if tc.float {
		floats := make([]float32, len(c)/4)
		c = bytesOf(floats)
		for i := range c {
			c[i] = canary
		}
	}
	return c
}

func bytesOf(x []float32) []uint8 {
	return unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func floatsOf(x []uint8) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(x))), len(x)/4)
}

// want computes the case as the formulas say: sums of 64 bits, and roundings from float64, which is exact for
// a product or a sum of two float32.
func (tc *tileCase) want() []uint8 {
	c := tc.canaries()
	for p := range tc.rows {
		for j := range tc.cols {
			sum := int64(tc.bias[j])
			for s := range tc.segs {
				for t := range tc.run {
					a := int64(tc.x[int(tc.aOff[p])+int(tc.segOff[s])+t])
					sum += (a - int64(tc.zero)) * int64(tc.w[(j*tc.segs+s)*tc.run+t])
				}
			}
			y := float32(float64(float32(sum)) * float64(tc.scale[j]))
			if tc.add {
				r := float32(float64(int64(tc.more[int(tc.addOff[p])+j])-int64(tc.out.AddZero)) * float64(tc.out.AddScale))
				y = float32(float64(y) + float64(r))
			}
			y = min(max(y, tc.out.Low), tc.out.High)
			i := int(tc.cOff[p]) + j
			if tc.float {
				floatsOf(c)[i] = y
			} else {
				c[i] = uint8(int(math.RoundToEven(float64(y))) + int(tc.out.Zero))
			}
		}
	}
	return c
}

// tileCases yields cases that cover every number of rows and columns, and random ones of everything else.
func tileCases(r *rand.Rand, yield func(tc *tileCase)) {
	for rows := 1; rows <= 27; rows++ {
		for cols := 1; cols <= PanelCols; cols++ {
			tc := &tileCase{rows: rows, cols: cols, segs: 1 + r.IntN(4), run: 1 + r.IntN(40), add: r.IntN(2) == 0, float: r.IntN(3) == 0}
			tc.fill(r)
			yield(tc)
		}
	}
	for run := 1; run <= 40; run++ {
		for segs := 1; segs <= 4; segs++ {
			tc := &tileCase{rows: 1 + r.IntN(26), cols: 1 + r.IntN(100), segs: segs, run: run}
			tc.fill(r)
			yield(tc)
		}
	}
}

// withSlack copies the source of the case to memory with the slack after it.
func (tc *tileCase) withSlack() { tc.x = append(slices.Clone(tc.x), make([]uint8, slack)...) }

func TestTile(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		tileCases(rand.New(rand.NewPCG(1, 2)), func(tc *tileCase) {
			tc.withSlack()
			if got, want := tc.result(), tc.want(); !slices.Equal(got, want) {
				i := 0
				for got[i] == want[i] {
					i++
				}
				t.Fatalf("%v: byte %d is %d, want %d", tc, i, got[i], want[i])
			}
		})
	})
}

// TestTileExtremes multiplies the greatest numbers, whose pairs of products leave 16 bits.
func TestTileExtremes(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		some := func(list ...int) func(i int) int { return func(int) int { return list[r.IntN(len(list))] } }
		for i, weights := range []func(i int) int{some(127), some(-128), some(-127), some(127, -128), some(-128, -127, 0)} {
			for _, run := range []int{1, 2, 3, 4, 64, 4608} {
				tc := &tileCase{
					rows: 7, cols: 33, segs: 1, run: run, float: true,
					a:      func(i int) uint8 { return uint8(some(255)(i)) },
					weight: func(i int) int8 { return int8(weights(i)) },
				}
				if run%2 == 0 {
					tc.a = func(i int) uint8 { return uint8(some(255, 255, 255, 128, 127, 0)(i)) }
				}
				tc.fill(r)
				tc.withSlack()
				for j := range tc.scale {
					tc.scale[j] = 1
				}
				tc.out.Low, tc.out.High = float32(math.Inf(-1)), float32(math.Inf(1))
				if got, want := floatsOf(tc.result()), floatsOf(tc.want()); !slices.Equal(bytesOf(got), bytesOf(want)) {
					t.Fatalf("%d, %v: %v, want %v", i, tc, got[:8], want[:8])
				}
			}
		}
	})
}

// TestTileRounding checks ties, limits, and results that no int32 holds.
func TestTileRounding(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, rt := range []struct {
			bias       int32
			scale      float32
			zero       int32
			low, high  float32
			want       uint8
			addTo, add float32 // the residual is addTo steps
		}{
			{bias: 1, scale: 0.5, zero: 3, low: -3, high: 252, want: 3},  // 0.5 → 0
			{bias: 3, scale: 0.5, zero: 3, low: -3, high: 252, want: 5},  // 1.5 → 2
			{bias: -1, scale: 0.5, zero: 3, low: -3, high: 252, want: 3}, // −0.5 → 0
			{bias: -3, scale: 0.5, zero: 3, low: -3, high: 252, want: 1},
			{bias: 5, scale: 0.5, zero: 0, low: 0, high: 255, want: 2},
			{bias: math.MaxInt32, scale: 1, zero: 128, low: -128, high: 127, want: 255},
			{bias: math.MinInt32, scale: 1, zero: 128, low: -128, high: 127, want: 0},
			{bias: math.MaxInt32, scale: 1e20, zero: 255, low: -255, high: 0, want: 255},
			{bias: math.MinInt32, scale: 1e20, zero: 255, low: -255, high: 0, want: 0},
			{bias: math.MinInt32, scale: 1e20, zero: 10, low: 0, high: 100, want: 10},
			{bias: math.MaxInt32, scale: 1e20, zero: 10, low: 0, high: 100, want: 110},
			{bias: 16777217, scale: 1.0 / (1 << 20), zero: 0, low: 0, high: 255, want: 16}, // rounded to float32
			{bias: 40, scale: 1, zero: 7, low: 0, high: 47, want: 47},
			{bias: 41, scale: 1, zero: 7, low: 0, high: 40, want: 47},
			{bias: 10, scale: 1, zero: 7, low: -7, high: 248, want: 19, addTo: 4, add: 0.5},
			{bias: 10, scale: 1, zero: 7, low: -7, high: 248, want: 17, addTo: 1, add: 0.5}, // 10.5 → 10
		} {
			const cols = 21
			packed := make([]int8, PackedSize(cols, 1, 4))
			bias, scale := slices.Repeat([]int32{rt.bias}, PanelCols), slices.Repeat([]float32{rt.scale}, PanelCols)
			c, more := make([]uint8, cols), slices.Repeat([]uint8{uint8(20 + rt.addTo)}, cols)
			out := Output{Scale: &scale[0], Low: rt.low, High: rt.high, Zero: rt.zero, AddScale: rt.add, AddZero: 20}
			args := TileArgs{
				A: &make([]uint8, 4)[0], AOff: &ramp(1, 0)[0], SegOff: &ramp(1, 0)[0], Segs: 1, Run: 4, B: &packed[0], Bias: &bias[0],
				C: &c[0], COff: &ramp(1, 0)[0], Rows: 1, Cols: cols, Output: &out,
			}
			if rt.add != 0 {
				args.Add, args.AddOff = &more[0], args.COff
			}
			Tile(&args)
			for j, got := range c {
				if got != rt.want {
					t.Fatalf("%+v: column %d is %d", rt, j, got)
				}
			}
		}
	})
}

// TestTileSplit checks that the bits do not depend on how rows are grouped.
func TestTileSplit(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		tileCases(r, func(tc *tileCase) {
			tc.withSlack()
			want, got := tc.result(), tc.canaries()
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

// TestPack checks the layout that the package documents.
func TestPack(t *testing.T) {
	const cols, segs, run = 37, 2, 5
	w := make([]int8, cols*segs*run)
	for i := range w {
		w[i] = int8(i)
	}
	packed := slices.Repeat([]int8{99}, PackedSize(cols, segs, run))
	Pack(packed, w, cols, segs, run, 0, Panels(cols))
	if got, want := len(packed), 32*(4+2*2*4)+16*(4+2*2*4); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
	for j := range 48 {
		panel, width, lane := packed, 32, j
		if j >= 32 {
			panel, width, lane = packed[PanelStep(segs, run):], 16, j-32
		}
		var sum int32
		for s := range segs {
			for term := range 8 {
				var want int8
				if j < cols && term < run {
					want = w[(j*segs+s)*run+term]
				}
				sum += int32(want)
				if got := panel[4*width+((s*2+term/4)*width+lane)*4+term%4]; got != want {
					t.Errorf("column %d, segment %d, term %d: %d, want %d", j, s, term, got, want)
				}
			}
		}
		if got := Sums(panel, width)[lane]; got != sum {
			t.Errorf("sum of column %d: %d, want %d", j, got, sum)
		}
	}
}

func TestPeakDot(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		if a, b := PeakDot(10), PeakDot(0); a == b {
			t.Error("no sums")
		}
	})
}
