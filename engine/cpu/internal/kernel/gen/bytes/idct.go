package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Numbers with 13 fractional bits.
const (
	fix0298 = 2446
	fix0390 = 3196
	fix0541 = 4433
	fix0765 = 6270
	fix0899 = 7373
	fix1175 = 9633
	fix1501 = 12299
	fix1847 = 15137
	fix1961 = 16069
	fix2053 = 16819
	fix2562 = 20995
	fix3072 = 25172
)

// Bits that the two passes of the transform shift by.
const (
	firstShift  = 13 - 2
	secondShift = 13 + 2 + 3
)

// blocks are the registers of the loop over pairs of blocks.
type blocks struct {
	coefficients, quant gp
	dst, stride, triple gp // triple is 3·stride
}

// row returns a row of coefficients of both blocks, multiplied by the quantisers.
func (b *blocks) row(y int) vec {
	v := YMM()
	VBROADCASTI128(Mem{Base: b.coefficients, Disp: 16 * y}, v)
	VINSERTI128(U8(1), Mem{Base: b.coefficients, Disp: 128 + 16*y}, v, v)
	q := YMM()
	VBROADCASTI128(Mem{Base: b.quant, Disp: 16 * y}, q)
	return times16(v, q)
}

// at returns the place of row y of the samples; lower points to row 4, if there is one.
func (b *blocks) at(y int, lower gp) Mem {
	var base reg.Register = b.dst
	if y >= 4 {
		base = lower
	}
	switch y % 4 {
	case 0:
		return Mem{Base: base}
	case 3:
		return Mem{Base: base, Index: b.triple, Scale: 1}
	}
	return Mem{Base: base, Index: b.stride, Scale: uint8(y % 4)}
}

// lower returns the address of row 4.
func (b *blocks) lower() gp {
	p := GP64()
	LEAQ(Mem{Base: b.dst, Index: b.stride, Scale: 4}, p)
	return p
}

// A loop goes through pairs of blocks.
type loop struct {
	b          *blocks
	last, left gp
	greatest   reg.Register // the greater one of the last coefficients of the two
	width      int          // of the samples of a pair
}

// pairLoop starts a function and its loop over pairs of blocks. Pairs of blocks that have
// no coefficient but the first go where the method constant says.
func pairLoop(name string, width int) *loop {
	function(name, "(dst *uint8, stride int, coefficients *int16, last *uint8, quant *uint16, pairs int) int")
	list := params("dst", "stride", "coefficients", "last", "quant", "pairs")
	l := &loop{
		b:    &blocks{dst: list[0], stride: list[1], coefficients: list[2], quant: list[4], triple: GP64()},
		last: list[3], left: list[5], width: width,
	}
	LEAQ(Mem{Base: l.b.stride, Index: l.b.stride, Scale: 2}, l.b.triple)
	Label("pair")
	first, second := GP32(), GP32()
	MOVBLZX(Mem{Base: l.last}, first)
	MOVBLZX(Mem{Base: l.last, Disp: 1}, second)
	CMPL(first, second)
	CMOVLCS(second, first)
	TESTL(first, first)
	JEQ(LabelRef("constant"))
	l.greatest = first
	return l
}

// leaveIfLarge emits the return before a pair in whose first row a product has more than
// 14 bits: if the other rows are zero libjpeg-turbo lets it wrap around, else it limits it.
func (l *loop) leaveIfLarge(row vec) {
	small := right16(2, left16(2, row))
	VPXOR(row, small, small)
	VPTEST(small, small)
	JNE(LabelRef("return"))
}

// constantLevel emits the level of two blocks that have no coefficient but the first.
func constantLevel(x Op) {
	VPSLLW(U8(2), x, x)
	VPADDSW(words(16), x, x)
	VPSRAW(U8(5), x, x)
}

// constant emits the short way for two blocks that have no coefficient but the first: level
// makes samples of the coefficients, less 128, and store stores a row of them, those of the
// first block in the first half of the loop's width.
func (l *loop) constant(level func(x Op), store func(x Op)) {
	JMP(LabelRef("next"))
	Label("constant")
	both := [2]vec{}
	q := XMM()
	VPBROADCASTW(Mem{Base: l.b.quant}, q)
	for i := range both {
		both[i] = YMM()
		x := both[i].AsX()
		VPBROADCASTW(Mem{Base: l.b.coefficients, Disp: 128 * i}, x)
		VPMULLW(q, x, x)
		level(x)
	}
	x := both[0].AsX()
	VPACKSSWB(both[1].AsX(), x, x)
	VPADDB(octets(128), x, x)
	switch l.width {
	case 8:
		VPSHUFD(U8(0x88), x, x)
	case 4:
		VPSHUFD(U8(0x88), x, x)
		VPSHUFLW(U8(0x88), x, x)
	}
	store(x)
}

// end ends the loop and the function.
func (l *loop) end() {
	Label("next")
	ADDQ(U8(uint8(l.width)), l.b.dst)
	ADDQ(U32(256), l.b.coefficients)
	ADDQ(U8(2), l.last)
	DECQ(l.left)
	JNE(LabelRef("pair"))
	Label("return")
	done := param("pairs")
	SUBQ(l.left, done)
	Store(done, ReturnIndex(0))
	finish()
}

// inverseDCT8 emits the transform of pairs of blocks to 8×8 samples each.
func inverseDCT8() {
	l := pairLoop("inverse8SIMD", 16)
	frame := aligned(AllocLocal(8*32 + 32))
	row := l.b.row(0)
	l.leaveIfLarge(row)
	CMPL(l.greatest, U8(9))
	JHI(LabelRef("full"))
	sparse(l.b, row, frame)
	JMP(LabelRef("next"))
	Label("full")
	full(l.b, row, frame)
	l.constant(constantLevel, func(x Op) {
		lower := l.b.lower()
		for y := range 8 {
			VMOVDQU(x, l.b.at(y, lower))
		}
	})
	l.end()
}

// full emits the transform of two blocks; row is their first row.
func full(b *blocks, row vec, frame Mem) {
	in := [8]vec{row}
	for _, y := range [...]int{4, 2, 6, 1, 3, 5, 7} {
		in[y] = b.row(y)
	}
	in = pass(in, firstShift, frame)
	in = pass(transpose(in), secondShift, frame)
	b.store(in)
}

// pass emits the transform in one direction: in[i] are the coefficients of frequency i of
// all columns, and the result has row i of all columns.
func pass(in [8]vec, by int, frame Mem) [8]vec {
	place := func(i, half int) Mem { return frame.Offset(32 * (2*i + half)) }
	none := zero()
	sum, difference := plus16(in[0], in[4]), minus16(in[0], in[4])
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		pair := unpack(in[2], in[6])
		a, c := multiplyPairs(pair, words(fix0541+fix0765, fix0541)), multiplyPairs(pair, words(fix0541, fix0541-fix1847))
		s := plus32(right32(3, unpack(none, sum)), doubles(1<<(by-1)))
		d := plus32(right32(3, unpack(none, difference)), doubles(1<<(by-1)))
		for i, f := range []func() vec{
			func() vec { return plus32(s, a) }, func() vec { return plus32(d, c) },
			func() vec { return minus32(d, c) }, func() vec { return minus32(s, a) },
		} {
			VMOVDQA(f(), place(i, half))
		}
	}
	z3, z4 := plus16(in[7], in[3]), plus16(in[5], in[1])
	var odd [4][2]vec
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		pair := unpack(z3, z4)
		odd[3][half] = multiplyPairs(pair, words(fix1175-fix1961, fix1175)) // z3
		odd[2][half] = multiplyPairs(pair, words(fix1175, fix1175-fix0390)) // z4
	}
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		z3, z4 := odd[3][half], odd[2][half]
		pair := unpack(in[1], in[7])
		odd[0][half] = plus32(multiplyPairs(pair, words(fix1501-fix0899, -fix0899)), z4)
		odd[3][half] = plus32(multiplyPairs(pair, words(-fix0899, fix0298-fix0899)), z3)
		pair = unpack(in[3], in[5])
		odd[1][half] = plus32(multiplyPairs(pair, words(fix3072-fix2562, -fix2562)), z3)
		odd[2][half] = plus32(multiplyPairs(pair, words(-fix2562, fix2053-fix2562)), z4)
	}
	return combine(odd, by, place)
}

// combine emits the sums and differences of the even parts, which are in memory, and the
// odd ones.
func combine(odd [4][2]vec, by int, even func(i, half int) Mem) (out [8]vec) {
	for i, o := range odd {
		out[i] = pack32(right32(by, plus32(o[0], even(i, 0))), right32(by, plus32(o[1], even(i, 1))))
		out[7-i] = pack32(right32(by, minus32(load(even(i, 0)), o[0])), right32(by, minus32(load(even(i, 1)), o[1])))
	}
	return out
}

// transpose emits the transposition of 8×8 16-bit lanes in each half.
func transpose(r [8]vec) [8]vec {
	var a, b, c [8]vec
	for i := range 4 {
		// a[i] and a[4+i] have columns 0 to 3 and 4 to 7 of rows 2i and 2i+1.
		a[i], a[4+i] = low16(r[2*i], r[2*i+1]), high16(r[2*i], r[2*i+1])
	}
	for i := range 4 {
		// b[2i] and b[2i+1] have two columns each of four rows.
		at := i / 2 * 4
		b[2*i], b[2*i+1] = low32(a[at+i%2*2], a[at+i%2*2+1]), high32(a[at+i%2*2], a[at+i%2*2+1])
	}
	for i := range 4 {
		at := i/2*4 + i%2
		c[2*i], c[2*i+1] = low64(b[at], b[at+2]), high64(b[at], b[at+2])
	}
	return c
}

// store emits the last steps: column i of all rows is in[i].
func (b *blocks) store(in [8]vec) {
	var p [4]vec
	for i := range p {
		p[i] = plus8(pack16(in[i], in[i+4]), octets(128))
	}
	a0, a1, b0, b1 := low8(p[0], p[1]), high8(p[0], p[1]), low8(p[2], p[3]), high8(p[2], p[3])
	lower := b.lower()
	for i, q := range [][2]vec{{low16(a0, b0), low16(a1, b1)}, {high16(a0, b0), high16(a1, b1)}} {
		for j, v := range []vec{low32(q[0], q[1]), high32(q[0], q[1])} {
			VPERMQ(U8(0xd8), v, v)
			VMOVDQU(v.AsX(), b.at(4*i+2*j, lower))
			VEXTRACTI128(U8(1), v, b.at(4*i+2*j+1, lower))
		}
	}
}

// sparse emits the transform of two blocks that have coefficients only in their first four
// rows and columns.
func sparse(b *blocks, row vec, frame Mem) {
	in := [4]vec{row, b.row(1), b.row(2), b.row(3)}
	even, odd := shortEven(in, low16, firstShift), shortOdd(in, low16)
	var out [8]vec
	for i := range 4 {
		out[i] = right32(firstShift, plus32(even[i], odd[i]))
		out[7-i] = right32(firstShift, minus32(even[i], odd[i]))
	}
	var p [4]vec
	for i := range p {
		p[i] = pack32(out[i], out[i+4]) // four columns of row i, then of row i+4
	}
	a, c := low16(p[0], p[1]), low16(p[2], p[3])
	d, e := high16(p[0], p[1]), high16(p[2], p[3])
	f, g := low32(a, c), low32(d, e)
	in[0], in[1] = low64(f, g), high64(f, g)
	f, g = high32(a, c), high32(d, e)
	in[2], in[3] = low64(f, g), high64(f, g)

	place := func(i, half int) Mem { return frame.Offset(32 * (2*i + half)) }
	var both [4][2]vec
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		for i, v := range shortEven(in, unpack, secondShift) {
			VMOVDQA(v, place(i, half))
		}
	}
	for half, unpack := range []func(vec, Op) vec{low16, high16} {
		for i, v := range shortOdd(in, unpack) {
			both[i][half] = v
		}
	}
	b.store(combine(both, secondShift, place))
}

// shortEven emits the even part of a transform whose frequencies 4 to 7 are zero, for a
// half of the columns.
func shortEven(in [4]vec, unpack func(vec, Op) vec, by int) [4]vec {
	s := plus32(right32(3, unpack(zero(), in[0])), doubles(1<<(by-1)))
	pair := unpack(in[2], in[2])
	a, c := multiplyPairs(pair, words(fix0541+fix0765, 0)), multiplyPairs(pair, words(fix0541, 0))
	return [4]vec{plus32(s, a), plus32(s, c), minus32(s, c), minus32(s, a)}
}

// shortOdd emits the odd part. The multipliers are those of pass added up.
func shortOdd(in [4]vec, unpack func(vec, Op) vec) [4]vec {
	pair := unpack(in[1], in[3])
	return [4]vec{
		multiplyPairs(pair, words(fix1501-fix0899+fix1175-fix0390, fix1175)),
		multiplyPairs(pair, words(fix1175, fix3072-fix2562+fix1175-fix1961)),
		multiplyPairs(pair, words(fix1175-fix0390, fix1175-fix2562)),
		multiplyPairs(pair, words(fix1175-fix0899, fix1175-fix1961)),
	}
}
