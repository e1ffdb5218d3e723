package main

// precision is the number of fractional bits of a weight.
const precision = 22

func resampleKernels() {
	weightedColumns()
	toColumns()
	toRows()
}

// weightedColumns emits the weighted sums of rows, see the AVX2 program. Of the registers of
// a turn that of the weights comes first, so that it is one of the first sixteen.
func weightedColumns() {
	function("columnsSIMD", "(dst *uint8, dstStride int, src *uint8, srcStride, width, top int, first, count *int, halves *int16, pitch, rows int)")
	weights := newVec()
	clear(weights)
	dst, src, stride, width := argument("dst"), argument("src"), argument("srcStride"), argument("width")
	first, count, halves, rows := argument("first"), argument("count"), argument("halves"), argument("rows")
	rounding := bits(1 << (precision - 1)).all()
	label("line")
	base, top := newGP(), argument("top")
	ins("MOVD", mem{base: first}, base)
	ins("SUB", top, base)
	ins("MUL", stride, base)
	ins("ADD", src, base)
	overSamples(width, func(at gp) {
		p, rest, w, second := newGP(), newGP(), copyOf(halves), copyOf(stride)
		ins("ADD", at, base, p)
		ins("MOVD", mem{base: count}, rest)
		var high, low [4]vec
		for i := range high {
			high[i] = zero()
			low[i] = into(func(d vec) { move(rounding, d) })
		}
		label("pair")
		ins("CMP", imm(1), rest)
		ins("CSEL", word("EQ"), word("ZR"), second, second) // an odd last row, with another weight of 0
		ins("FMOVD", mem{base: w}, weights.scalar())
		a, b, q := newVec(), newVec(), newGP()
		ins("FMOVQ", mem{base: p}, a.scalar())
		ins("ADD", second, p, q)
		ins("FMOVQ", mem{base: q}, b.scalar())
		for lane, v := range []vec{a, b} {
			for i, outer := range parts {
				wide := shiftedBy(outer.ushll, v, 0)
				for j, inner := range parts {
					byLaneH(inner.smlal, high[2*i+j], wide, weights, lane)
					byLaneH(inner.smlal, low[2*i+j], wide, weights, 2+lane)
				}
			}
		}
		ins("ADD", shifted{stride, 1}, p)
		ins("ADD", imm(8), w)
		ins("SUBS", imm(2), rest, rest)
		jump("BGT", "pair")
		out := newVec()
		for i, outer := range []encoding{sqxtun, sqxtun2} {
			sums := newVec()
			for j, inner := range parts {
				k := 2*i + j
				sum := rightSigned(plusInt(left(high[k], 8), low[k]), precision)
				on2(inner.sqxtn, sums, sum)
			}
			on2(outer, out, sums)
		}
		storeSixteen(out, dst, at)
	})
	dstStride, pitch := argument("dstStride"), argument("pitch")
	ins("ADD", dstStride, dst)
	ins("ADD", imm(8), first)
	ins("ADD", imm(8), count)
	ins("ADD", shifted{pitch, 1}, halves)
	ins("SUB", imm(1), rows)
	jump("CBNZ", "line", rows)
	finish()
}

// overEdges emits a loop over n columns, 8 a turn, see the AVX2 program.
func overEdges(n gp, body func(at gp)) {
	at, last := newGP(), newGP()
	ins("MOVD", word("ZR"), at)
	ins("SUB", imm(8), n, last)
	label("edge")
	body(at)
	ins("CMP", last, at)
	jump("BEQ", "end")
	ins("ADD", imm(8), at)
	ins("CMP", last, at)
	ins("CSEL", word("GT"), last, at, at)
	jump("JMP", "edge")
	label("end")
}

// stages emits three exchanges of bytes, of pairs of bytes and of fours. After them
// register staged[i] has bytes 2i and then bytes 2i+1 of all eight.
func stages(r [8]vec) [8]vec {
	for _, of := range []func(vec) form{vec.b16, vec.h8, vec.s4} {
		var next [8]vec
		for i := range 4 {
			next[i], next[4+i] = zip(true, r[2*i], r[2*i+1], of), zip(false, r[2*i], r[2*i+1], of)
		}
		r = next
	}
	return r
}

var staged = [8]int{0, 4, 2, 6, 1, 5, 3, 7}

// toColumns emits the transposition of 32 rows to columns, 16 rows at a time.
func toColumns() {
	function("toColumnsSIMD", "(dst, src *uint8, stride, n int)")
	dst, src, stride := argument("dst"), argument("src"), argument("stride")
	overEdges(argument("n"), func(at gp) {
		p, q, to := newGP(), newGP(), newGP()
		ins("ADD", at, src, p)
		ins("ADD", shifted{at, 5}, dst, to)
		for half := range 2 {
			ins("ADD", shifted{stride, 3}, p, q)
			var r [8]vec
			for i := range r {
				r[i] = newVec()
				ins("FMOVD", mem{base: p}, r[i].scalar())
				ins("VLD1", mem{base: q}, r[i].highHalf())
				ins("ADD", stride, p)
				ins("ADD", stride, q)
			}
			r = stages(r)
			for i := range 4 {
				a, b := r[staged[i]], r[staged[4+i]]
				ins("FMOVQ", zip(true, a, b, vec.d2).scalar(), mem{base: to, disp: 64*i + 16*half})
				ins("FMOVQ", zip(false, a, b, vec.d2).scalar(), mem{base: to, disp: 64*i + 32 + 16*half})
			}
			if half == 0 {
				ins("ADD", shifted{stride, 3}, p)
			}
		}
	})
	finish()
}

// toRows emits the transposition of columns to 32 rows.
func toRows() {
	function("toRowsSIMD", "(dst *uint8, stride int, src *uint8, n int)")
	dst, stride, src := argument("dst"), argument("stride"), argument("src")
	overEdges(argument("n"), func(at gp) {
		p, from := newGP(), newGP()
		ins("ADD", at, dst, p)
		ins("ADD", shifted{at, 5}, src, from)
		for half := range 2 {
			var r [8]vec
			for i := range r {
				r[i] = newVec()
				ins("FMOVQ", mem{base: from, disp: 32*i + 16*half}, r[i].scalar())
			}
			r = stages(r)
			for _, i := range staged {
				ins("FMOVD", r[i].scalar(), mem{base: p})
				ins("ADD", stride, p)
				ins("VST1", r[i].highHalf(), mem{base: p})
				ins("ADD", stride, p)
			}
		}
	})
	finish()
}
