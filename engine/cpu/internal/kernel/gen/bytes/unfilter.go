package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func up() {
	function("upSIMD", "(dst, src, above *uint8, n int)")
	dst, src, above, n := param("dst"), param("src"), param("above"), param("n")
	overRow(n, func(at gp) {
		VMOVDQU(plus8(load(sample(src, at, 0)), sample(above, at, 0)), sample(dst, at, 0))
	})
	finish()
}

// overPixels emits a loop over pixels of size bytes, n bytes in all, at least one pixel.
func overPixels(n gp, size int, body func(at gp)) {
	at := GP64()
	XORQ(at, at)
	Label("pixel")
	body(at)
	ADDQ(U8(uint8(size)), at)
	CMPQ(at, n)
	JLT(LabelRef("pixel"))
}

// narrow3 turns an instruction on (right, left, result) into a function whose result goes
// to a given register of 16 bytes.
func narrow3(op func(...Op)) func(d, a reg.VecVirtual, b Op) {
	return func(d, a reg.VecVirtual, b Op) { op(b, a, d) }
}

var (
	addBytes      = narrow3(VPADDB)
	subtractBytes = narrow3(VPSUBB)
	meanBytes     = narrow3(VPAVGB) // rounded up
	subtractWords = narrow3(VPSUBW)
	addWords      = narrow3(VPADDW)
	lesserWords   = narrow3(VPMINSW)
	greaterWords  = narrow3(VPMAXSW)
	aboveWords    = narrow3(VPCMPGTW) // all bits of the lanes in which a > b
)

// exclusive emits d = a exclusive-or b.
func exclusive(d, a reg.VecVirtual, b Op) { VPXOR(b, a, d) }

// cleared returns a register of 16 bytes that is zero.
func cleared() vec {
	v := XMM()
	exclusive(v, v, v)
	return v
}

func sub(name string, size int) {
	function(name, "(dst, src *uint8, n int)")
	dst, src, n := param("dst"), param("src"), param("n")
	left := cleared()
	overPixels(n, size, func(at gp) {
		x := XMM()
		VMOVD(sample(src, at, 0), x)
		addBytes(left, left, x)
		VMOVD(left, sample(dst, at, 0))
	})
	finish()
}

// average emits the filter with complements, see the package.
func average(name string, size int) {
	function(name, "(dst, src, above *uint8, n int)")
	dst, src, above, n := param("dst"), param("src"), param("above"), param("n")
	ones, left := XMM(), XMM()
	VPCMPEQB(ones, ones, ones)
	VMOVDQA(ones, left)
	overPixels(n, size, func(at gp) {
		x, over, out := XMM(), XMM(), XMM()
		VMOVD(sample(src, at, 0), x)
		VMOVD(sample(above, at, 0), over)
		exclusive(over, over, ones)
		meanBytes(left, left, over)
		subtractBytes(left, left, x)
		exclusive(out, left, ones)
		VMOVD(out, sample(dst, at, 0))
	})
	finish()
}

// paeth emits the filter in lanes of 16 bits, whose upper bytes are zero.
func paeth(name string, size int) {
	function(name, "(dst, src, above *uint8, n int)")
	dst, src, above, n := param("dst"), param("src"), param("above"), param("n")
	left, corner := cleared(), cleared()
	overPixels(n, size, func(at gp) {
		x, over, t, low, high, toLow, toHigh := XMM(), XMM(), XMM(), XMM(), XMM(), XMM(), XMM()
		VMOVD(sample(src, at, 0), x)
		VMOVD(sample(above, at, 0), over)
		VPMOVZXBW(over, over)
		addWords(t, corner, corner)
		addWords(t, t, corner)
		subtractWords(t, t, over)
		subtractWords(t, t, left)
		lesserWords(low, left, over)
		greaterWords(high, left, over)
		aboveWords(toLow, high, t)
		aboveWords(toHigh, t, low)
		VPBLENDVB(toLow, corner, low, left)
		VPBLENDVB(toHigh, left, high, left)
		VPMOVZXBW(x, x)
		addBytes(left, left, x)
		VMOVDQA(over, corner)
		out := XMM()
		VPACKUSWB(left, left, out)
		VMOVD(out, sample(dst, at, 0))
	})
	finish()
}

// split emits the separation of red, green and blue of 32 pixels: in each half of a register
// lie sixteen bytes of sixteen pixels.
func split() {
	function("splitSIMD", "(red, green, blue, src *uint8, n int)")
	to := params("red", "green", "blue")
	src := param("src")
	overRow(param("n"), func(at gp) {
		p := GP64()
		LEAQ(Mem{Base: at, Index: at, Scale: 2}, p)
		var parts [3]vec
		for i := range parts {
			v := YMM()
			VMOVDQU(sample(src, p, 16*i), v.AsX())
			VINSERTI128(U8(1), sample(src, p, 48+16*i), v, v)
			parts[i] = v
		}
		for color, dst := range to {
			all := YMM()
			for i, part := range parts {
				picked := YMM()
				if i == 0 {
					picked = all
				}
				VPSHUFB(octets(positions(color, i)...), part, picked)
				if i > 0 {
					VPOR(picked, all, all)
				}
			}
			VMOVDQU(all, sample(dst, at, 0))
		}
	})
	finish()
}

// positions says where a color of sixteen pixels is in the part of their 48 bytes: a number
// of 128 or more is not there.
func positions(color, part int) []int {
	list := make([]int, 16)
	for pixel := range list {
		list[pixel] = 0x80
		if at := 3*pixel + color - 16*part; at >= 0 && at < 16 {
			list[pixel] = at
		}
	}
	return list
}
