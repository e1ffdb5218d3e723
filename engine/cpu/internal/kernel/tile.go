package kernel

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
// and stores relu?(sum) or, if Accumulate is set, relu?(sum + C[COff[p]+j]) at
// C[COff[p]+j]. All offsets count float32 elements.
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
func Tile(args *TileArgs) { tile(args) }

// TileNarrow is [Tile] for panels of 8 columns (Cols ≤ 8), in register tiles of
// [NarrowRows] rows. It suits layers of few output channels.
func TileNarrow(args *TileArgs) { tileNarrow(args) }

// OuterArgs describes one call of [Outer]. It computes, for each row
// 0 ≤ i < Rows and column 0 ≤ j < Cols,
//
//	sum = Σ_{k<K} A[AOff[k]+i] · B[BOff[k]+b(j)]     b(j) = j or, from 8 on, B1+j−8
//
// and stores it, or adds it if Accumulate is set, to C[i·LdC+j]. All offsets count
// float32 elements.
//
// The assembly relies on the order and the types of the fields.
type OuterArgs struct {
	A    *float32 // first operand; row i is the i-th float after A[AOff[k]]
	AOff *int32   // K offsets from A
	B    *float32 // second operand, unpacked
	BOff *int32   // K offsets from B
	B1   int      // distance from columns 0–7 to columns 8–15 in B; 8 if contiguous
	K    int      // number of terms, may be 0
	C    *float32 // base of the result
	LdC  int      // distance between the rows of C
	Rows int      // number of rows, at least 1
	Cols int      // valid columns, 1 to 16; up to 8 the second half is neither read nor written

	Accumulate bool // add to C instead of overwriting it

	// Prefetch is memory that the caller needs soon. It is fetched into the
	// second-level cache while the sums are computed, as far as
	// [OuterArgs.PrefetchLen]; nil fetches nothing else.
	Prefetch *float32
}

// PrefetchLen is the number of floats from Prefetch on that the call fetches.
func (args *OuterArgs) PrefetchLen() int {
	rows, step := TileRows, 4 // of a tile, and how far each of its terms moves Prefetch
	switch {
	case args.Cols <= NarrowCols:
		rows = NarrowRows
	case useAVX512 && args.Rows > TileRows:
		rows, step = 24, 16
	}
	return args.K * ((args.Rows + rows - 1) / rows) * step
}

// Outer sums K outer products of a run of A and up to 16 floats of B; see
// [OuterArgs] for the formula. It is the product xᵀ·y of two row-major matrices,
// and with k running over output pixels the gradient of a convolution's weights.
//
// Unlike [Tile] it reads past the valid data: up to Rows rounded up to the
// height of a tile (6 or 8, or 12 if Cols ≤ 8) in A, and 8 or 16 floats in B. So
// 64 bytes after the end of either operand must be readable. What is read there
// may be anything, even NaN: it never reaches a valid element. Nothing is written
// beyond Rows × Cols elements of C.
//
// The K terms are walked once for every tile of rows: callers choose K between
// 64 and 256, so that they stay in the first-level cache, and use Accumulate.
func Outer(args *OuterArgs) { outer(args) }
