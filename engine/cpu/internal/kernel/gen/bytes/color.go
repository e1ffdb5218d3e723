package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Numbers with 16 fractional bits, less a whole number that is added apart: 0.40200 of
// 1.40200, 0.34414, 0.28586 of 1 − 0.71414, 0.22800 of 2 − 1.77200.
const (
	fix040200 = 26345
	fix034414 = 22554
	fix028586 = 18734
	fix022800 = 14942
)

// rounded returns c·v/2¹⁶, rounded, of v2 = 2·v.
func rounded(v2 vec, c int) vec {
	return right16(1, plus16(timesHigh(v2, words(c)), words(1)))
}

// rgb returns red, green and blue of the samples at a place.
func rgb(y, cb, cr, at gp) (r, g, b vec) {
	ys, us, vs := load(sample(y, at, 0)), load(sample(cb, at, 0)), load(sample(cr, at, 0))
	var red, green, blue [2]vec
	for half, unpack := range halves {
		none := zero()
		level, u, v := unpack(ys, none), minus16(unpack(us, none), words(128)), minus16(unpack(vs, none), words(128))
		red[half] = plus16(plus16(rounded(plus16(v, v), fix040200), v), level)
		u2 := plus16(u, u)
		blue[half] = plus16(plus16(rounded(u2, -fix022800), u2), level)
		var sums [2]vec
		for i, unpack := range []func(vec, Op) vec{low16, high16} {
			sums[i] = right32(16, plus32(multiplyPairs(unpack(u, v), words(-fix034414, fix028586)), doubles(1<<15)))
		}
		green[half] = plus16(minus16(pack32(sums[0], sums[1]), v), level)
	}
	return packUnsigned(red[0], red[1]), packUnsigned(green[0], green[1]), packUnsigned(blue[0], blue[1])
}

func toRGB() {
	function("toRGBSIMD", "(red, green, blue, y, cb, cr *uint8, n int)")
	r, g, b, y, cb, cr := param("red"), param("green"), param("blue"), param("y"), param("cb"), param("cr")
	overRow(param("n"), func(at gp) {
		red, green, blue := rgb(y, cb, cr, at)
		VMOVDQU(red, sample(r, at, 0))
		VMOVDQU(green, sample(g, at, 0))
		VMOVDQU(blue, sample(b, at, 0))
	})
	finish()
}

func toRGBA() {
	function("toRGBASIMD", "(dst, y, cb, cr *uint8, n int)")
	dst, y, cb, cr := param("dst"), param("y"), param("cb"), param("cr")
	overRow(param("n"), func(at gp) {
		red, green, blue := rgb(y, cb, cr, at)
		opaque := YMM()
		VPCMPEQB(opaque, opaque, opaque)
		for half, unpack := range halves {
			rg, ba := unpack(red, green), unpack(blue, opaque)
			for part, v := range []vec{low16(rg, ba), high16(rg, ba)} {
				VMOVDQU(v.AsX(), Mem{Base: dst, Index: at, Scale: 4, Disp: 32*half + 16*part})
				VEXTRACTI128(U8(1), v, Mem{Base: dst, Index: at, Scale: 4, Disp: 64 + 32*half + 16*part})
			}
		}
	})
	finish()
}
