package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// precision is the number of fractional bits of a weight.
const precision = 22

// weightedColumns emits the weighted sums of rows, 32 columns at a time, two rows at a time.
// A weight is 256·h + l, and so are two sums kept.
func weightedColumns() {
	function("columnsSIMD", "(dst *uint8, dstStride int, src *uint8, srcStride, width, top int, first, count *int, halves *int16, pitch, rows int)")
	dst, src, stride := param("dst"), param("src"), param("srcStride")
	first, count, halves := param("first"), param("count"), param("halves")
	none, nothing := zero(), GP64()
	XORQ(nothing, nothing)

	Label("row")
	base, at := GP64(), GP64()
	MOVQ(Mem{Base: first}, base)
	SUBQ(parameter("top"), base)
	IMULQ(stride, base)
	ADDQ(src, base)
	XORQ(at, at)
	Label("columns")
	p, left, weights, second := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: base, Index: at, Scale: 1}, p)
	MOVQ(Mem{Base: count}, left)
	MOVQ(halves, weights)
	MOVQ(stride, second)
	var high, low [4]vec
	for i := range high {
		high[i], low[i] = zero(), load(doubles(1<<(precision-1)))
	}
	Label("pair")
	CMPQ(left, U8(1))
	CMOVQEQ(nothing, second) // an odd last row, with another weight of 0
	a, b := load(Mem{Base: p}), load(Mem{Base: p, Index: second, Scale: 1})
	h, l := YMM(), YMM()
	VPBROADCASTD(Mem{Base: weights}, h)
	VPBROADCASTD(Mem{Base: weights, Disp: 4}, l)
	for i, unpack := range halvesOf(a, b, none) {
		samples := unpack()
		VPADDD(multiplyPairs(samples, h), high[i], high[i])
		VPADDD(multiplyPairs(samples, l), low[i], low[i])
	}
	LEAQ(Mem{Base: p, Index: stride, Scale: 2}, p)
	ADDQ(U8(8), weights)
	SUBQ(U8(2), left)
	JG(LabelRef("pair"))
	for i := range high {
		VPSLLD(U8(8), high[i], high[i])
		VPADDD(high[i], low[i], low[i])
		VPSRAD(U8(precision), low[i], low[i])
	}
	out := packUnsigned(pack32(low[0], low[1]), pack32(low[2], low[3]))
	VMOVDQU(out, Mem{Base: dst, Index: at, Scale: 1})
	last := GP64()
	MOVQ(parameter("width"), last)
	SUBQ(U8(lanes), last)
	CMPQ(at, last)
	JEQ(LabelRef("next"))
	ADDQ(U8(lanes), at)
	CMPQ(at, last)
	CMOVQGT(last, at)
	JMP(LabelRef("columns"))
	Label("next")
	ADDQ(parameter("dstStride"), dst)
	ADDQ(U8(8), first)
	ADDQ(U8(8), count)
	pitch := param("pitch")
	LEAQ(Mem{Base: halves, Index: pitch, Scale: 2}, halves)
	DECQ(parameter("rows"))
	JNE(LabelRef("row"))
	finish()
}

// halvesOf returns four functions, each of which returns eight samples of a and of b, in turn,
// in 16-bit lanes.
func halvesOf(a, b, none vec) []func() vec {
	var list []func() vec
	for _, outer := range halves {
		pair := outer(a, b)
		for _, inner := range halves {
			list = append(list, func() vec { return inner(pair, none) })
		}
	}
	return list
}

// edge is the number of columns that are transposed at a time, of 32 rows.
const edge = 8

// overEdges emits a loop over n columns, n at least 8. at is the first column of a turn.
func overEdges(n gp, body func(at gp)) {
	at, last := GP64(), GP64()
	XORQ(at, at)
	LEAQ(Mem{Base: n, Disp: -edge}, last)
	Label("edge")
	body(at)
	CMPQ(at, last)
	JEQ(LabelRef("end"))
	ADDQ(U8(edge), at)
	CMPQ(at, last)
	CMOVQGT(last, at)
	JMP(LabelRef("edge"))
	Label("end")
}

// stages emits three exchanges of bytes, of pairs of bytes and of fours. After them
// register staged[i] has, in each 16 bytes, bytes 2i and then bytes 2i+1 of all eight.
func stages(r [8]vec) [8]vec {
	for _, exchange := range [][2]func(vec, Op) vec{{low8, high8}, {low16, high16}, {low32, high32}} {
		var next [8]vec
		for i := range 4 {
			next[i], next[4+i] = exchange[0](r[2*i], r[2*i+1]), exchange[1](r[2*i], r[2*i+1])
		}
		r = next
	}
	return r
}

var staged = [8]int{0, 4, 2, 6, 1, 5, 3, 7}

// toColumns emits the transposition of 32 rows to columns.
func toColumns() {
	function("toColumnsSIMD", "(dst, src *uint8, stride, n int)")
	dst, src, stride := param("dst"), param("src"), param("stride")
	overEdges(param("n"), func(at gp) {
		var p [4]gp // rows i, 8+i, 16+i and 24+i
		for i := range p {
			p[i] = GP64()
			if i == 0 {
				LEAQ(Mem{Base: src, Index: at, Scale: 1}, p[0])
			} else {
				LEAQ(Mem{Base: p[i-1], Index: stride, Scale: 8}, p[i])
			}
		}
		var r [8]vec
		for i := range r {
			r[i] = YMM()
			upper := XMM()
			VPBROADCASTQ(Mem{Base: p[0]}, r[i])
			VMOVHPS(Mem{Base: p[1]}, r[i].AsX(), r[i].AsX())
			VMOVQ(Mem{Base: p[2]}, upper)
			VMOVHPS(Mem{Base: p[3]}, upper, upper)
			VINSERTI128(U8(1), upper, r[i], r[i])
			for _, q := range p {
				if i < 7 {
					ADDQ(stride, q)
				}
			}
		}
		r = stages(r)
		to := GP64()
		MOVQ(at, to)
		SHLQ(U8(5), to)
		ADDQ(dst, to)
		for i := range 4 {
			a, b := r[staged[i]], r[staged[4+i]]
			VMOVDQU(low64(a, b), Mem{Base: to, Disp: 64 * i})
			VMOVDQU(high64(a, b), Mem{Base: to, Disp: 64*i + 32})
		}
	})
	finish()
}

// toRows emits the transposition of columns to 32 rows.
func toRows() {
	function("toRowsSIMD", "(dst *uint8, stride int, src *uint8, n int)")
	dst, stride, src := param("dst"), param("stride"), param("src")
	overEdges(param("n"), func(at gp) {
		from := GP64()
		MOVQ(at, from)
		SHLQ(U8(5), from)
		ADDQ(src, from)
		var r [8]vec
		for i := range r {
			r[i] = load(Mem{Base: from, Disp: 32 * i})
		}
		r = stages(r)
		p, q := GP64(), GP64()
		LEAQ(Mem{Base: dst, Index: at, Scale: 1}, p)
		MOVQ(stride, q)
		SHLQ(U8(4), q)
		ADDQ(p, q)
		for i := range 8 {
			v := r[staged[i]]
			upper := XMM()
			VEXTRACTI128(U8(1), v, upper)
			for _, to := range []struct {
				x    reg.Register
				base gp
			}{{v.AsX(), p}, {upper, q}} {
				VMOVLPS(to.x, Mem{Base: to.base})
				VMOVHPS(to.x, Mem{Base: to.base, Index: stride, Scale: 1})
				if i < 7 {
					LEAQ(Mem{Base: to.base, Index: stride, Scale: 2}, to.base)
				}
			}
		}
	})
	finish()
}
