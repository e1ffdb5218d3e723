package main

import "fmt"

// Numbers with 13 fractional bits.
const (
	fix0211 = 1730
	fix0298 = 2446
	fix0390 = 3196
	fix0509 = 4176
	fix0541 = 4433
	fix0601 = 4926
	fix0720 = 5906
	fix0765 = 6270
	fix0850 = 6967
	fix0899 = 7373
	fix1061 = 8697
	fix1175 = 9633
	fix1272 = 10426
	fix1451 = 11893
	fix1501 = 12299
	fix1847 = 15137
	fix1961 = 16069
	fix2053 = 16819
	fix2172 = 17799
	fix2562 = 20995
	fix3072 = 25172
	fix3624 = 29692
)

// Bits that the two passes of the transform shift by.
const (
	firstShift  = 13 - 2
	secondShift = 13 + 2 + 3
)

// A transformation is a loop over blocks, one at a time.
type transformation struct {
	dst, stride, coefficients, last, quant, left gp
	greatest                                     gp // the last coefficient of the block
	size                                         int
}

// blockLoop starts a function and its loop. Its arguments and result are those of the AVX2
// kernels: blocks come in pairs.
func blockLoop(name string, size int) *transformation {
	function(name, "(dst *uint8, stride int, coefficients *int16, last *uint8, quant *uint16, pairs int) int")
	t := &transformation{
		argument("dst"), argument("stride"), argument("coefficients"), argument("last"), argument("quant"), argument("pairs"), newGP(), size,
	}
	ins("LSL", imm(1), t.left)
	label("block")
	ins("MOVBU", mem{base: t.last}, t.greatest)
	jump("CBZ", "constant", t.greatest)
	return t
}

// row returns a row of coefficients, multiplied by the quantisers.
func (t *transformation) row(y int) vec {
	v, q := newVec(), newVec()
	ins("FMOVQ", mem{base: t.coefficients, disp: 16 * y}, v.scalar())
	ins("FMOVQ", mem{base: t.quant, disp: 16 * y}, q.scalar())
	return into(func(d vec) { on3(mulH, d, v, q) })
}

// leaveIfLarge emits the return before a block in whose first row a product has more
// than 14 bits, see the AVX2 program.
func (t *transformation) leaveIfLarge(row vec) {
	odd := xor(row, shiftedBy(sshrH, shiftedBy(shlH, row, 2), 2))
	low, high := newGP(), newGP()
	ins("VMOV", odd.low(), low)
	ins("VMOV", odd.highHalf(), high)
	ins("ORR", high, low)
	jump("CBNZ", "return", low)
}

// constant emits the short way for a block that has no coefficient but the first, and the
// end of the function. level makes samples of the coefficient, less 128.
func (t *transformation) constant(level func(v vec)) {
	jump("JMP", "next")
	label("constant")
	c, q, v := newVec(), newVec(), newVec()
	ins("VLD1R", mem{base: t.coefficients}, c.list("H8"))
	ins("VLD1R", mem{base: t.quant}, q.list("H8"))
	on3(mulH, v, c, q)
	level(v)
	v = samples(v, v)
	p := copyOf(t.dst)
	for range t.size {
		if t.size == 2 {
			ins("VST1", form{v, "H[0]"}, mem{base: p})
		} else {
			ins(map[int]string{8: "FMOVD", 4: "FMOVS"}[t.size], v.scalar(), mem{base: p})
		}
		ins("ADD", t.stride, p)
	}

	label("next")
	ins("ADD", imm(t.size), t.dst)
	ins("ADD", imm(128), t.coefficients)
	ins("ADD", imm(1), t.last)
	ins("SUB", imm(1), t.left)
	jump("CBNZ", "block", t.left)
	label("return")
	done := argument("pairs")
	ins("LSL", imm(1), done)
	ins("SUB", t.left, done)
	ins("LSR", imm(1), done)
	ins("MOVD", done, address("ret"))
	finish()
}

// constantLevel emits the level of a block that has no coefficient but the first.
func constantLevel(v vec) {
	shiftBy(shlH, v, v, 2)
	on3(sqadd, v, v, filled(16))
	shiftBy(sshrH, v, v, 5)
}

// inverseDCT8 emits the transform to 8×8 samples.
func inverseDCT8() {
	t := blockLoop("inverse8SIMD", 8)
	in := [8]vec{t.row(0)}
	t.leaveIfLarge(in[0])
	ins("CMP", imm(9), t.greatest)
	jump("BHI", "full")
	for y := 1; y < 4; y++ {
		in[y] = t.row(y)
	}
	out := newBlock()
	shortPass(in, out, parts[0], narrowFirst)
	in = transpose4(out)
	out = newBlock()
	for _, p := range parts {
		shortPass(in, out, p, narrowSecond)
	}
	t.store8(out)
	jump("JMP", "next")

	label("full")
	in = [8]vec{t.row(0)}
	for y := 1; y < 8; y++ {
		in[y] = t.row(y)
	}
	in = transpose8(pass(in, narrowFirst))
	t.store8(pass(in, narrowSecond))
	t.constant(constantLevel)
}

func newBlock() (b [8]vec) {
	for i := range b {
		b[i] = newVec()
	}
	return b
}

// narrowFirst and narrowSecond limit sums of the first and the second pass to 16 bits, in
// the upper or lower half of d.
func narrowFirst(p part, d, sum vec) { shiftBy(p.sqrshrn, d, sum, firstShift) }
func narrowSecond(p part, d, sum vec) {
	shiftBy(srshr, sum, sum, secondShift)
	on2(p.sqxtn, d, sum)
}

// pass emits the transform in one direction: in[i] are the coefficients of frequency i of
// all columns, and the result has row i of all columns.
func pass(in [8]vec, narrow func(p part, d, sum vec)) [8]vec {
	out := newBlock()
	sum, difference := plusH(in[0], in[4]), minusH(in[0], in[4])
	z3, z4 := plusH(in[7], in[3]), plusH(in[5], in[1])
	for _, p := range parts {
		a, c := p.dot(term{in[2], fix0541 + fix0765}, term{in[6], fix0541}), p.dot(term{in[2], fix0541}, term{in[6], fix0541 - fix1847})
		s, d := shiftedBy(p.sshll, sum, 13), shiftedBy(p.sshll, difference, 13)
		even := [4]vec{plusInt(s, a), plusInt(d, c), minusInt(d, c), minusInt(s, a)}
		x3 := p.dot(term{z3, fix1175 - fix1961}, term{z4, fix1175})
		x4 := p.dot(term{z3, fix1175}, term{z4, fix1175 - fix0390})
		odd := [4]vec{
			plusInt(p.dot(term{in[1], fix1501 - fix0899}, term{in[7], -fix0899}), x4),
			plusInt(p.dot(term{in[3], fix3072 - fix2562}, term{in[5], -fix2562}), x3),
			plusInt(p.dot(term{in[3], -fix2562}, term{in[5], fix2053 - fix2562}), x4),
			plusInt(p.dot(term{in[1], -fix0899}, term{in[7], fix0298 - fix0899}), x3),
		}
		combine(even, odd, out, p, narrow)
	}
	return out
}

// combine emits the sums and differences of even and odd parts.
func combine(even, odd [4]vec, out [8]vec, p part, narrow func(p part, d, sum vec)) {
	for i := range even {
		narrow(p, out[i], plusInt(even[i], odd[i]))
		narrow(p, out[7-i], minusInt(even[i], odd[i]))
	}
}

// shortPass is pass where frequencies 4 to 7 are zero, for half of the columns.
func shortPass(in, out [8]vec, p part, narrow func(p part, d, sum vec)) {
	s := shiftedBy(p.sshll, in[0], 13)
	a, c := p.dot(term{in[2], fix0541 + fix0765}), p.dot(term{in[2], fix0541})
	even := [4]vec{plusInt(s, a), plusInt(s, c), minusInt(s, c), minusInt(s, a)}
	odd := [4]vec{
		p.dot(term{in[1], fix1501 - fix0899 + fix1175 - fix0390}, term{in[3], fix1175}),
		p.dot(term{in[1], fix1175}, term{in[3], fix3072 - fix2562 + fix1175 - fix1961}),
		p.dot(term{in[1], fix1175 - fix0390}, term{in[3], fix1175 - fix2562}),
		p.dot(term{in[1], fix1175 - fix0899}, term{in[3], fix1175 - fix1961}),
	}
	combine(even, odd, out, p, narrow)
}

// transpose8 emits the transposition of 8×8 lanes of 16 bits.
func transpose8(r [8]vec) (columns [8]vec) {
	var b [8]vec
	for side := range 2 { // columns 0 to 3, then 4 to 7
		var a [4]vec
		for i := range a {
			a[i] = zip(side == 0, r[2*i], r[2*i+1], vec.h8)
		}
		for i := range a {
			b[4*side+i] = zip(i%2 == 0, a[i/2*2], a[i/2*2+1], vec.s4)
		}
	}
	for i := range columns {
		at := i / 4 * 4
		columns[i] = zip(i%2 == 0, b[at+i%4/2], b[at+i%4/2+2], vec.d2)
	}
	return columns
}

// transpose4 returns the columns of eight rows that have four.
func transpose4(r [8]vec) (columns [8]vec) {
	var a, b [4]vec
	for i := range a {
		a[i] = zip(true, r[2*i], r[2*i+1], vec.h8)
	}
	for i := range b {
		b[i] = zip(i%2 == 0, a[i/2*2], a[i/2*2+1], vec.s4)
	}
	for i := range 4 {
		columns[i] = zip(i%2 == 0, b[i/2], b[i/2+2], vec.d2)
	}
	return columns
}

// samples limits 16 bits of a and b to samples.
func samples(a, b vec) vec {
	v, center := newVec(), newVec()
	on2(sqxtnB, v, a)
	on2(sqxtnB2, v, b)
	ins("VMOVI", imm(128), center.b16())
	on3(addB, v, v, center)
	return v
}

// store8 stores a block, of which column i is in[i].
func (t *transformation) store8(in [8]vec) {
	var p [4]vec
	for i := range p {
		p[i] = samples(in[i], in[i+4])
	}
	at := copyOf(t.dst)
	for upper := range 2 {
		// Columns 0 to 3, then 4 to 7, of four rows.
		left := zip(upper == 0, zip(true, p[0], p[1], vec.b16), zip(true, p[2], p[3], vec.b16), vec.h8)
		right := zip(upper == 0, zip(false, p[0], p[1], vec.b16), zip(false, p[2], p[3], vec.b16), vec.h8)
		for pair := range 2 {
			t.storeRows(zip(pair == 0, left, right, vec.s4), at)
		}
	}
}

// storeRows stores the two rows of 8 bytes in a register.
func (t *transformation) storeRows(v vec, at gp) {
	ins("FMOVD", v.scalar(), mem{base: at})
	ins("ADD", t.stride, at)
	ins("VST1", v.highHalf(), mem{base: at})
	ins("ADD", t.stride, at)
}

// inverseDCT4 emits the transform to 4×4 samples.
func inverseDCT4() {
	t := blockLoop("inverse4SIMD", 4)
	in := [8]vec{t.row(0)}
	t.leaveIfLarge(in[0])
	for _, y := range [...]int{1, 2, 3, 5, 6, 7} {
		in[y] = t.row(y)
	}
	rows := [4]vec{newVec(), newVec(), newVec(), newVec()}
	for _, p := range parts {
		for i, v := range quarterPass(p, in) {
			shiftBy(p.sqrshrn, rows[i], v, firstShift+1)
		}
	}
	// A register has two columns of four rows.
	var a, columns [4]vec
	for i := range a {
		a[i] = zip(i < 2, rows[i%2*2], rows[i%2*2+1], vec.h8)
	}
	for i := range columns {
		columns[i] = zip(i%2 == 0, a[i/2*2], a[i/2*2+1], vec.s4)
	}
	var second [8]vec
	for i := range second {
		if i%2 == 0 {
			second[i] = columns[i/2]
		} else {
			second[i] = into(func(d vec) { ins("VDUP", columns[i/2].highHalf(), d.d2()) })
		}
	}
	out := quarterPass(parts[0], second)
	for i, v := range out {
		shiftBy(srshr, v, v, secondShift+1)
		out[i] = into(func(d vec) { on2(sqxtn, d, v) })
	}
	// Pairs of columns become rows.
	left, right := zip(true, out[0], out[1], vec.h8), zip(true, out[2], out[3], vec.h8)
	v := samples(zip(true, left, right, vec.s4), zip(false, left, right, vec.s4))
	at := copyOf(t.dst)
	for row := range 4 {
		ins("VST1", v.lane(row), mem{base: at})
		ins("ADD", t.stride, at)
	}
	t.constant(constantLevel)
}

// quarterPass emits one direction of the transform to four samples.
func quarterPass(p part, in [8]vec) [4]vec {
	first := shiftedBy(p.sshll, in[0], 13)
	first = plusInt(first, first)
	even := p.dot(term{in[2], fix1847}, term{in[6], -fix0765})
	e0, e1 := plusInt(first, even), minusInt(first, even)
	o0 := p.dot(term{in[1], fix2562}, term{in[3], fix0899}, term{in[5], -fix0601}, term{in[7], -fix0509})
	o1 := p.dot(term{in[1], fix1061}, term{in[3], -fix2172}, term{in[5], fix1451}, term{in[7], -fix0211})
	return [4]vec{plusInt(e0, o0), plusInt(e1, o1), minusInt(e1, o1), minusInt(e0, o0)}
}

// inverseDCT2 emits the transform to 2×2 samples. Sums wrap around.
func inverseDCT2() {
	t := blockLoop("inverse2SIMD", 2)
	in0, in1, in3, in5, in7 := t.row(0), t.row(1), t.row(3), t.row(5), t.row(7)
	// multipliers are the four of a dot product, side by side, twice.
	pairs := [2]uint32{fix3624 | uint32(0x10000-fix1272)<<16, fix0850 | uint32(0x10000-fix0720)<<16}
	multipliers := zip(true, bits(pairs[0]).all(), bits(pairs[1]).all(), vec.s4)
	halfUp := func(v vec, by int) vec { return rightSigned(plusInt(v, bits(1<<(by-1)).all()), by) }
	upper, lower := newVec(), newVec() // of all columns
	var first vec
	for i, p := range parts {
		odd := p.dot(term{in1, fix3624}, term{in3, -fix1272}, term{in5, fix0850}, term{in7, -fix0720})
		even := left(shiftedBy(p.sshll, in0, 13), 2)
		a, b := halfUp(plusInt(even, odd), firstShift+2), halfUp(minusInt(even, odd), firstShift+2)
		if i == 0 {
			first = left(zip(true, a, b, vec.s4), 15)
		}
		on2(p.sqxtn, upper, a)
		on2(p.sqxtn, lower, b)
	}
	odds := into(func(d vec) { ins("VUZP2", lower.h8(), upper.h8(), d.h8()) })
	products := [2]vec{newVec(), newVec()}
	on3(smull, products[0], odds, multipliers)
	on3(smull2, products[1], odds, multipliers)
	odd := newVec()
	ins("VADDP", products[1].s4(), products[0].s4(), odd.s4())
	ins("VADDP", odd.s4(), odd.s4(), odd.s4())
	v := zip(true, halfUp(plusInt(first, odd), secondShift+2), halfUp(minusInt(first, odd), secondShift+2), vec.s4)
	narrow := newVec()
	on2(sqxtn, narrow, v)
	v = samples(narrow, narrow)
	at := copyOf(t.dst)
	for row := range 2 {
		ins("VST1", form{v, fmt.Sprintf("H[%d]", row)}, mem{base: at})
		ins("ADD", t.stride, at)
	}
	t.constant(func(v vec) {
		shiftBy(shlH, v, v, 1)
		v2 := plusH(v, filled(8))
		shiftBy(sshrH, v, v2, 4)
	})
}
