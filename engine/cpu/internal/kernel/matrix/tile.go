package matrix

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// Widths of the packed panels and heights of the register tiles.
const (
	TileCols   = 16 // columns of a panel of [Tile]
	TileRows   = 6  // rows of a register tile of [Tile] and [Outer]
	NarrowCols = 8  // columns of a panel of [TileNarrow]
	NarrowRows = 12 // rows of a register tile of [TileNarrow], and of [Outer] when Cols ≤ 8
)

// TileArgs describes one call of [Tile] or [TileNarrow]. With NR the width of a
// panel (16 or 8), the call computes, for each row 0 ≤ p < Rows and each column
// 0 ≤ j < Cols,
//
//	sum = Bias[j] + Σ_{s<Segs} Σ_{t<Run} A[AOff[p]+SegOff[s]+t] · B[(s·Run+t)·NR+j]
//
// and stores relu?(sum) at C[COff[p]+j]. Before that it adds C[COff[p]+j] if Accumulate
// is set, and then Add[AddOff[p]+j] unless Add is nil. All offsets count float32
// elements.
//
// The assembly relies on the order and the types of the fields.
type TileArgs struct {
	A      *float32 // base of the input block
	AOff   *int32   // Rows offsets: where row p starts, from A
	SegOff *int32   // Segs offsets: where segment s starts, from the start of the row
	Segs   int      // number of segments, at least 1
	Run    int      // contiguous floats in a segment, at least 1
	B      *float32 // packed panel [Segs·Run][NR], padded with zeros to its full width
	C      *float32 // base of the output, already moved to the first column of the panel
	COff   *int32   // Rows offsets: where output row p starts, from C
	Rows   int      // number of rows, at least 1
	Cols   int      // valid columns, 1 to NR
	Bias   *float32 // nil, or NR readable floats
	Add    *float32 // nil, or what is added to C, like a residual; already moved to the first column
	AddOff *int32   // with Add: Rows offsets, where its rows start

	Accumulate  bool // add to C instead of overwriting it
	ReLU        bool // max(0, ·) at the end; a NaN stays a NaN
	ReLU6       bool // with ReLU: then min(·, 6)
	NonTemporal bool // a hint: C is in none of the core's caches
}

// Tile multiplies rows of A by one packed panel of 16 columns; see [TileArgs]
// for the formula. It reads nothing of A, AOff and COff beyond the given rows
// and runs and writes nothing beyond Rows × Cols elements of C.
//
// The panel is read once for every [TileRows] rows, 64 bytes in 6 cycles at most,
// which the second-level cache delivers at full speed: splitting a long sum into
// calls with Accumulate pays only if Segs·Run·64 bytes are more than about half of
// that cache. A last tile of 1 to 4 rows takes two thirds of the time of a full one.
func Tile(args *TileArgs) {
	switch {
	case isa.UseAVX512 && suitTallTiles(args):
		tileAVX512(args)
	case isa.UseSIMD:
		tileSIMD(args)
	default:
		tileBlocked[[TileCols]float32](args)
	}
}

// suitTallTiles reports whether the AVX-512 tiles of 12 rows suit the rows better than
// the AVX2 tiles of 6. They do not if a few rows would leave much of a tile empty,
// nor if the rows are a multiple of 4 KB apart: then all lie in one set of the
// first-level cache, which has 8 ways (0.85 times the speed).
func suitTallTiles(args *TileArgs) bool {
	switch args.Rows {
	case 1, 2, 3, 4, 5, 6, 9, 10:
		return false
	}
	first := unsafe.Slice(args.AOff, 2)
	return (first[1]-first[0])%1024 != 0
}

// TileNarrow is [Tile] for panels of 8 columns (Cols ≤ 8), in register tiles of
// [NarrowRows] rows. It suits layers of few output channels.
func TileNarrow(args *TileArgs) {
	if isa.UseSIMD {
		tileNarrowSIMD(args)
		return
	}
	tileBlocked[[NarrowCols]float32](args)
}

// group is the number of columns that the twins sum at a time: as many
// accumulators as the compiler keeps in registers.
const group = 8

// at returns the address of the i-th element after p.
func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// tileGeneric is the twin of [Tile] (nr = 16) and [TileNarrow] (nr = 8).
func tileGeneric(args *TileArgs, nr int) {
	aOff := unsafe.Slice(args.AOff, args.Rows)
	cOff := unsafe.Slice(args.COff, args.Rows)
	segOff := unsafe.Slice(args.SegOff, args.Segs)
	b := unsafe.Slice(args.B, args.Segs*args.Run*nr)
	var bias [TileCols]float32
	if args.Bias != nil {
		copy(bias[:nr], unsafe.Slice(args.Bias, nr))
	}
	for p, off := range aOff {
		row := at(args.A, int(off))
		for col := 0; col < args.Cols; col += group {
			sum := *(*[group]float32)(bias[col:])
			for s, so := range segOff {
				run := unsafe.Slice(at(row, int(so)), args.Run)
				addProducts(&sum, run, b[s*args.Run*nr+col:], nr)
			}
			n := min(group, args.Cols-col)
			c, more := unsafe.Slice(at(args.C, int(cOff[p])+col), n), []float32(nil)
			if args.Add != nil {
				more = unsafe.Slice(at(args.Add, int(*at(args.AddOff, p))+col), n)
			}
			store(c, more, &sum, args)
		}
	}
}

// addProducts adds a[t]·b[t·ldb+j] over all t to sum[j].
func addProducts(sum *[group]float32, a, b []float32, ldb int) {
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	s4, s5, s6, s7 := sum[4], sum[5], sum[6], sum[7]
	for t, x := range a {
		y := (*[group]float32)(b[t*ldb:])
		s0 += x * y[0]
		s1 += x * y[1]
		s2 += x * y[2]
		s3 += x * y[3]
		s4 += x * y[4]
		s5 += x * y[5]
		s6 += x * y[6]
		s7 += x * y[7]
	}
	*sum = [group]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}

// store moves the first len(c) sums to c, as the flags of args say, with the elements of
// more, if it is not nil, added.
func store(c, more []float32, sum *[group]float32, args *TileArgs) {
	for j := range c {
		v := sum[j]
		if args.Accumulate {
			v += c[j]
		}
		if more != nil {
			v += more[j]
		}
		if args.ReLU && v < 0 {
			v = 0
		}
		if args.ReLU && args.ReLU6 && v > 6 {
			v = 6
		}
		c[j] = v
	}
}

// The assembly, in register tiles of 6×16, of 12×8, and of 12×16, 8×16 and 4×16.

//go:noescape
func tileSIMD(args *TileArgs)

//go:noescape
func tileNarrowSIMD(args *TileArgs)

//go:noescape
func tileAVX512(args *TileArgs)
