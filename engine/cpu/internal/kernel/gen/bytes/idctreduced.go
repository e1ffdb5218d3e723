package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// More numbers with 13 fractional bits.
const (
	fix0211 = 1730
	fix0509 = 4176
	fix0601 = 4926
	fix1061 = 8697
	fix1451 = 11893
	fix2172 = 17799
)

// inverseDCT4 emits the transform of pairs of blocks to 4×4 samples each. Like
// inverseDCT8 it may return before a pair.
func inverseDCT4() {
	l := pairLoop("inverse4SIMD", 8)
	row := l.b.row(0)
	l.leaveIfLarge(row)
	var in [8]vec
	in[0] = row
	for _, y := range [...]int{1, 3, 5, 7, 2, 6} {
		in[y] = l.b.row(y)
	}
	var halves [4][2]vec
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		out := combine4(quarter(unpack(zero(), in[0])), unpack(in[2], in[6]), unpack(in[1], in[3]), unpack(in[5], in[7]), firstShift+1)
		for i, v := range out {
			halves[i][half] = v
		}
	}
	var r [4]vec
	for i, h := range halves {
		r[i] = pack32(h[0], h[1])
	}
	// Each has two columns of four rows.
	a, c := low16(r[0], r[1]), low16(r[2], r[3])
	d, e := high16(r[0], r[1]), high16(r[2], r[3])
	c01, c23, c45, c67 := low32(a, c), high32(a, c), low32(d, e), high32(d, e)
	x := combine4(quarter(low16(zero(), c01)), low16(c23, c67), high16(c01, c23), high16(c45, c67), secondShift+1)
	t, u := pack32(x[0], x[2]), pack32(x[1], x[3])
	a, c = low16(t, u), high16(t, u)
	v := plus8(pack16(low32(a, c), high32(a, c)), octets(128))
	order := load(doublesList(0, 4, 1, 5, 2, 6, 3, 7))
	VPERMD(v, order, v)
	low, high := v.AsX(), XMM()
	VEXTRACTI128(U8(1), v, high)
	for y, x := range []Op{low, low, high, high} {
		if y%2 == 0 {
			VMOVLPS(x, l.b.at(y, nil))
		} else {
			VMOVHPS(x, l.b.at(y, nil))
		}
	}
	l.constant(constantLevel, func(x Op) {
		for y := range 4 {
			VMOVLPS(x, l.b.at(y, nil))
		}
	})
	l.end()
}

// quarter shifts what lies in the upper halves of 32-bit lanes so that it is multiplied by
// 2¹⁴.
func quarter(v vec) vec { return right32(2, v) }

// combine4 emits one direction of the transform. first is in0·2¹⁴; the others are pairs of
// frequencies, 16 bits each.
func combine4(first, in26, in13, in57 vec, by int) [4]vec {
	first = plus32(first, doubles(1<<(by-1)))
	even := multiplyPairs(in26, words(fix1847, -fix0765))
	e0, e1 := plus32(first, even), minus32(first, even)
	o0 := plus32(multiplyPairs(in13, words(fix2562, fix0899)), multiplyPairs(in57, words(-fix0601, -fix0509)))
	o1 := plus32(multiplyPairs(in13, words(fix1061, -fix2172)), multiplyPairs(in57, words(fix1451, -fix0211)))
	return [4]vec{
		right32(by, plus32(e0, o0)), right32(by, plus32(e1, o1)), right32(by, minus32(e1, o1)), right32(by, minus32(e0, o0)),
	}
}

// The last ones, for 2×2 samples.
const (
	fix0720 = 5906
	fix0850 = 6967
	fix1272 = 10426
	fix3624 = 29692
)

// inverseDCT2 emits the transform of pairs of blocks to 2×2 samples each. Sums wrap
// around.
func inverseDCT2() {
	l := pairLoop("inverse2SIMD", 4)
	in0, in1, in3, in5, in7 := l.b.row(0), l.b.row(1), l.b.row(3), l.b.row(5), l.b.row(7)
	// Rows upper and lower of columns 0 to 3, and of the others.
	var upper, lower [2]vec
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		odd := plus32(multiplyPairs(unpack(in1, in3), words(fix3624, -fix1272)), multiplyPairs(unpack(in5, in7), words(fix0850, -fix0720)))
		even := plus32(right32(1, unpack(zero(), in0)), doubles(1<<(firstShift+1)))
		upper[half], lower[half] = right32(firstShift+2, plus32(even, odd)), right32(firstShift+2, minus32(even, odd))
	}
	first := YMM()
	VPSLLD(U8(15), low32(upper[0], lower[0]), first)
	first = plus32(first, doubles(1<<(secondShift+1)))
	odds := load(octets(2, 3, 6, 7, 10, 11, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1))
	a, b := pack32(upper[0], upper[1]), pack32(lower[0], lower[1])
	VPSHUFB(odds, a, a)
	VPSHUFB(odds, b, b)
	products := multiplyPairs(low64(a, b), words(fix3624, -fix1272, fix0850, -fix0720))
	odd := YMM()
	VPHADDD(products, products, odd)
	v := low32(right32(secondShift+2, plus32(first, odd)), right32(secondShift+2, minus32(first, odd)))
	v = pack32(v, v)
	v = plus8(pack16(v, v), octets(128))
	other := XMM()
	VEXTRACTI128(U8(1), v, other)
	x := v.AsX()
	VPUNPCKLWD(other, x, x)
	VMOVD(x, l.b.at(0, nil))
	VPEXTRD(U8(1), x, l.b.at(1, nil))
	l.constant(func(x Op) {
		VPSLLW(U8(1), x, x)
		VPADDW(words(8), x, x)
		VPSRAW(U8(4), x, x)
	}, func(x Op) {
		VMOVD(x, l.b.at(0, nil))
		VMOVD(x, l.b.at(1, nil))
	})
	l.end()
}
