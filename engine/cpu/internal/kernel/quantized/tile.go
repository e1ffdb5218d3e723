package quantized

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// TileArgs describes one call of [Tile]. With W the width of the panel (32, or 16 if it is the
// last one and has no more columns) and quads = ⌈Run/4⌉, the call computes, for each row
// 0 ≤ p < Rows and each column 0 ≤ j < Cols,
//
//	sum = Bias[j] + Σ_{s<Segs} Σ_{t<Run} A[AOff[p]+SegOff[s]+t] · w(s, t, j)
//
// exactly, as long as the sum fits an int32, where w are the weights that [Pack] has put into the panel, and
// stores what [Output] makes of it at C[COff[p]+j]. A is 8 bits without sign, w 8 bits with sign.
// Offsets count elements: bytes of A and Add, bytes or floats of C.
//
// The zero point of A is in Bias, see [FoldBias]. A source with padding has its zero point there.
//
// The assembly relies on the order and the types of the fields.
type TileArgs struct {
	A      *uint8  // base of the input block
	AOff   *int32  // Rows offsets: where row p starts, from A
	SegOff *int32  // Segs offsets: where segment s starts, from the start of the row
	Segs   int     // number of segments, at least 1
	Run    int     // contiguous bytes in a segment, at least 1; up to 3 bytes after them are read
	B      *int8   // the panel, from [Pack]
	Bias   *int32  // W readable numbers, from [FoldBias]
	C      *uint8  // base of the output, already moved to the first column of the panel; of float32 if Float is set
	COff   *int32  // Rows offsets: where output row p starts, from C
	Rows   int     // number of rows, at least 1
	Cols   int     // valid columns, 1 to W
	Add    *uint8  // nil, or the residual: what is added to C; already moved to the first column
	AddOff *int32  // with Add: Rows offsets, where its rows start
	Output *Output // how sums become results; Scale must be moved to the first column
	Float  bool    // C is float32

	// Rows are cut into tiles of nearly the same height.
	tiles  int // number of tiles
	tall   int // so many of them, the first ones, have height rows, the others one less
	height int

	row int // bytes from quad to quad of the panel
}

// Widths of panels.
const (
	PanelCols  = 32
	NarrowCols = 16 // of the last one, if it has at most so many columns
)

// Heights of the register tiles, and the columns of those of 256 and 128 bits.
const (
	rowsAVX512  = 12
	rowsAVXVNNI = 6
	rowsSIMD    = 4 // rowsNEON with NEON
	rowsNEON    = 6
	colsSIMD    = 16
)

// Tile multiplies rows of A by one packed panel; see [TileArgs] for the formula. It reads nothing of A
// beyond the given rows and runs but the rest of the last four bytes of a run, and writes nothing beyond
// Rows × Cols elements of C. All instruction sets have the same bits.
//
// The panel is read once for every 12 rows. A call should have at most about 40 million multiply-adds, which take
// 200 µs: assembly cannot be preempted. Tile uses fields of args of its own: goroutines need arguments each.
func Tile(args *TileArgs) {
	switch {
	case isa.UseAVX512VNNI:
		args.cut(rowsAVX512)
		if args.Cols > NarrowCols {
			tileAVX512(args)
		} else {
			tileNarrowAVX512(args)
		}
	case isa.UseAVX2, isa.UseDotProd:
		tileHalves(args)
	default:
		tileGeneric(args)
	}
}

// cut chooses the heights of tiles, of at most so many rows.
func (a *TileArgs) cut(most int) {
	a.tiles = (a.Rows + most - 1) / most
	a.height = (a.Rows + a.tiles - 1) / a.tiles
	a.tall = a.Rows - a.tiles*(a.height-1)
}

// width is the width of the panel.
func (a *TileArgs) width() int {
	if a.Cols > NarrowCols {
		return PanelCols
	}
	return NarrowCols
}

// tileHalves computes each half of the panel with a kernel of 16 columns.
func tileHalves(args *TileArgs) {
	rows := rowsSIMD
	switch {
	case isa.UseAVXVNNI:
		rows = rowsAVXVNNI
	case isa.HaveNEON:
		rows = rowsNEON
	}
	args.cut(rows)
	args.row = quad * args.width()
	if args.Cols <= colsSIMD {
		tileHalf(args)
		return
	}
	half, output := *args, *args.Output
	half.Output, half.Cols = &output, colsSIMD
	tileHalf(&half)
	size := 1
	if args.Float {
		size = int(unsafe.Sizeof(float32(0)))
	}
	half.Cols = args.Cols - colsSIMD
	half.B, half.C = at(half.B, colsSIMD*quad), at(half.C, colsSIMD*size)
	half.Bias, output.Scale = at(half.Bias, colsSIMD), at(output.Scale, colsSIMD)
	if half.Add != nil {
		half.Add = at(half.Add, colsSIMD)
	}
	tileHalf(&half)
}

// tileHalf computes up to 16 columns.
func tileHalf(args *TileArgs) {
	if isa.UseAVXVNNI {
		tileVNNIAVX2(args)
		return
	}
	tileSIMD(args)
}

// at returns the address of the i-th element after p.
func at[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// tileGeneric is the twin.
func tileGeneric(args *TileArgs) {
	width, quads := args.width(), Quads(args.Run)
	aOff, cOff := unsafe.Slice(args.AOff, args.Rows), unsafe.Slice(args.COff, args.Rows)
	segOff := unsafe.Slice(args.SegOff, args.Segs)
	panel := unsafe.Slice(at(args.B, sumsSize*width), args.Segs*quads*quad*width)
	for p, off := range aOff {
		var sums [PanelCols]int32
		copy(sums[:], unsafe.Slice(args.Bias, args.Cols))
		b := panel
		for _, so := range segOff {
			run := unsafe.Slice(at(args.A, int(off)+int(so)), args.Run)
			addQuads(sums[:args.Cols], run, b, width)
			b = b[quads*quad*width:]
		}
		var add []uint8
		if args.Add != nil {
			add = unsafe.Slice(at(args.Add, int(*at(args.AddOff, p))), args.Cols)
		}
		if args.Float {
			args.Output.floats(unsafe.Slice(at((*float32)(unsafe.Pointer(args.C)), int(cOff[p])), args.Cols), sums[:args.Cols], add)
		} else {
			args.Output.bytes(unsafe.Slice(at(args.C, int(cOff[p])), args.Cols), sums[:args.Cols], add)
		}
	}
}

// addQuads adds the products of a run and a part of a panel.
func addQuads(sums []int32, run []uint8, b []int8, width int) {
	for ; len(run) >= quad; run, b = run[quad:], b[quad*width:] {
		a0, a1, a2, a3 := int32(run[0]), int32(run[1]), int32(run[2]), int32(run[3])
		for j := range sums {
			w := (*[quad]int8)(b[quad*j:])
			sums[j] += a0*int32(w[0]) + a1*int32(w[1]) + a2*int32(w[2]) + a3*int32(w[3])
		}
	}
	for t, x := range run {
		for j := range sums {
			sums[j] += int32(x) * int32(b[quad*j+t])
		}
	}
}

// The assembly, in register tiles of 12×32, 12×16, 6×16 and 4×16.

//go:noescape
func tileAVX512(args *TileArgs)

//go:noescape
func tileNarrowAVX512(args *TileArgs)

//go:noescape
func tileVNNIAVX2(args *TileArgs)

//go:noescape
func tileSIMD(args *TileArgs)
