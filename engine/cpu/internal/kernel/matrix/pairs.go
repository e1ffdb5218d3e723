package matrix

import (
	"math"
	"unsafe"

	"github.com/strideml/stride/internal/isa"
)

// The kernels for bfloat16 work on pairs: two terms of a sum, in the place of a float32. A pair is
// an element wherever [TileArgs] and [OuterArgs] count elements of A and of B; C, Bias and Add are
// float32. The even term is the lower half of the bits, the odd one the upper half. A bfloat16 is
// the upper half of a float32, so that the first one in memory is the even term.
//
// # What they compute
//
// A product of two bfloat16 is exact. Each pair adds its odd product and then its even product
// to the sum, a float32, each with one rounding to nearest, ties to even. Denormals of operands
// and of the sum count as zeros, and a sum that would be denormal becomes a zero, of the same
// sign. That is the instruction VDPBF16PS (AVX512_BF16); the bits are those of its twin in Go.

// TilePairs is [Tile] for pairs of bfloat16, in tiles of 12, 8 and 4 rows. It fits no processor
// but those with AVX512_BF16: elsewhere it is more than ten times slower than Tile.
func TilePairs(args *TileArgs) {
	if isa.UseBF16 {
		tilePairsAVX512(args)
		return
	}
	tilePairsGeneric(args)
}

// OuterPairs is [Outer] for pairs of bfloat16: a term is one pair of each operand, and is
// found by their offsets. PrefetchLen holds for it too.
func OuterPairs(args *OuterArgs) {
	if isa.UseBF16 {
		outerPairsAVX512(args)
		return
	}
	outerPairsGeneric(args)
}

// A pair is two bfloat16.
type pair uint32

// halves returns the even and the odd term, zeros instead of denormals.
func (p pair) halves() (even, odd float64) {
	return noDenormal(math.Float32frombits(uint32(p) << 16)), noDenormal(math.Float32frombits(uint32(p) &^ 0xffff))
}

// smallest is the smallest float32 that is not denormal.
const smallest = 0x1p-126

// noDenormal returns x, or a zero of its sign if it is denormal.
func noDenormal(x float32) float64 {
	if v := float64(x); !(math.Abs(v) < smallest) {
		return v
	}
	return math.Copysign(0, float64(x))
}

// addPair adds the products of two pairs to a sum.
func addPair(sum float32, x, y pair) float32 {
	x0, x1 := x.halves()
	y0, y1 := y.halves()
	return addExact(addExact(sum, x1*y1), x0*y0)
}

// addExact adds a product of two bfloat16, which is exact in float64, to a sum, with one rounding
// to float32. The sum in float64 may be rounded too; so its last bit is set if it was inexact
// (rounding to odd), by which the second rounding becomes that of the exact sum.
func addExact(sum float32, product float64) float32 {
	c := noDenormal(sum)
	s := c + product
	if math.IsInf(s, 0) || math.IsNaN(s) {
		return float32(s)
	}
	part := s - c // Knuth's TwoSum
	if rest := (c - (s - part)) + (product - part); rest != 0 {
		bits := math.Float64bits(s)
		switch away := (rest > 0) == (s > 0); {
		case bits&1 == 1:
		case away:
			s = math.Float64frombits(bits + 1)
		default:
			s = math.Float64frombits(bits - 1)
		}
	}
	return float32(noDenormal(float32(s)))
}

// tilePairsGeneric is the twin of [TilePairs].
func tilePairsGeneric(args *TileArgs) {
	aOff, cOff := unsafe.Slice(args.AOff, args.Rows), unsafe.Slice(args.COff, args.Rows)
	segOff := unsafe.Slice(args.SegOff, args.Segs)
	b := unsafe.Slice((*[TileCols]pair)(unsafe.Pointer(args.B)), args.Segs*args.Run)
	for p, off := range aOff {
		var sums [TileCols]float32
		if args.Bias != nil {
			copy(sums[:], unsafe.Slice(args.Bias, args.Cols))
		}
		for s, so := range segOff {
			for t, x := range unsafe.Slice((*pair)(unsafe.Pointer(at(args.A, int(off)+int(so)))), args.Run) {
				for j := range args.Cols {
					sums[j] = addPair(sums[j], x, b[s*args.Run+t][j])
				}
			}
		}
		for col := 0; col < args.Cols; col += group {
			n := min(group, args.Cols-col)
			c, more := unsafe.Slice(at(args.C, int(cOff[p])+col), n), []float32(nil)
			if args.Add != nil {
				more = unsafe.Slice(at(args.Add, int(*at(args.AddOff, p))+col), n)
			}
			store(c, more, (*[group]float32)(sums[col:]), args)
		}
	}
}

// outerPairsGeneric is the twin of [OuterPairs].
func outerPairsGeneric(args *OuterArgs) {
	aOff, bOff := unsafe.Slice(args.AOff, args.K), unsafe.Slice(args.BOff, args.K)
	for i := range args.Rows {
		for j := range args.Cols {
			column := j
			if j >= group {
				column += args.B1 - group
			}
			sum := float32(0)
			for k, off := range aOff {
				x, y := at(args.A, int(off)+i), at(args.B, int(bOff[k])+column)
				sum = addPair(sum, pair(math.Float32bits(*x)), pair(math.Float32bits(*y)))
			}
			if c := at(args.C, i*args.LdC+j); args.Accumulate {
				*c += sum
			} else {
				*c = sum
			}
		}
	}
}

// PeakPairsFlops is the number of floating-point operations of an iteration of [PeakPairs]: 12
// vectors of 16 pairs.
const PeakPairsFlops = 2 * 12 * 32

// PeakPairs is [PeakFMA] for pairs of bfloat16. It returns 0 where there is no assembly for them.
func PeakPairs(iters int) float32 {
	if !isa.UseBF16 {
		return 0
	}
	return peakPairsAVX512(iters)
}

// The assembly, for processors with AVX512_BF16.

//go:noescape
func tilePairsAVX512(args *TileArgs)

// rowPairsAVX512 is rowAVX512 for pairs.
//
//go:noescape
func rowPairsAVX512(args *TileArgs, step int)

//go:noescape
func outerPairsAVX512(args *OuterArgs)

func peakPairsAVX512(iters int) float32
