package matrix

import (
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

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
	case isa.UseAVX512 && args.Rows > TileRows:
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
func Outer(args *OuterArgs) {
	switch {
	case !isa.UseSIMD:
		outerBlocked(args)
	case args.Cols <= NarrowCols:
		outerNarrowSIMD(args)
	case isa.UseAVX512 && args.Rows > TileRows:
		outerAVX512(args)
	default:
		outerSIMD(args)
	}
}

// outerGeneric is the twin of [Outer].
func outerGeneric(args *OuterArgs) {
	outerHalf(args, args.B, args.C, min(args.Cols, group))
	if args.Cols > group {
		outerHalf(args, at(args.B, args.B1), at(args.C, group), args.Cols-group)
	}
}

// outerHalf computes one half of [Outer]: up to 8 columns from b into c.
func outerHalf(args *OuterArgs, b, c *float32, cols int) {
	aOff := unsafe.Slice(args.AOff, args.K)
	bOff := unsafe.Slice(args.BOff, args.K)
	for i := range args.Rows {
		var sum [group]float32
		a := at(args.A, i)
		if cols == group {
			addOuter(&sum, a, b, aOff, bOff)
		} else {
			for k, ao := range aOff {
				x := *at(a, int(ao))
				for j, y := range unsafe.Slice(at(b, int(bOff[k])), cols) {
					sum[j] += x * y
				}
			}
		}
		store(unsafe.Slice(at(c, i*args.LdC), cols), nil, &sum, &TileArgs{Accumulate: args.Accumulate})
	}
}

// addOuter adds a[aOff[k]]·b[bOff[k]+j] over all k to sum[j].
func addOuter(sum *[group]float32, a, b *float32, aOff, bOff []int32) {
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	s4, s5, s6, s7 := sum[4], sum[5], sum[6], sum[7]
	bOff = bOff[:len(aOff)]
	for k, ao := range aOff {
		x := *at(a, int(ao))
		y := (*[group]float32)(unsafe.Pointer(at(b, int(bOff[k]))))
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

// The assembly, in register tiles of 6×16, of 12×8 for at most 8 columns, and of
// 24×16, 16×16 and 8×16.

//go:noescape
func outerSIMD(args *OuterArgs)

//go:noescape
func outerNarrowSIMD(args *OuterArgs)

//go:noescape
func outerAVX512(args *OuterArgs)
