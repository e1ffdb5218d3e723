package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// ymmTile is a register tile of 16 columns, two vectors, by row.
type ymmTile [][2]vec

// A summer emits the terms of one quad: the weights of the vectors are at w, and a(r) is the place of the bytes of row r.
type summer func(acc ymmTile, w [2]Mem, a func(r int) Mem)

// tileAVX2 emits Tile for 16 columns.
func tileAVX2(name string, most int, sum summer) {
	TEXT(name, 0, "func(args *TileArgs)")
	f := newFrame()
	s := scratch{AllocLocal(ymmSize * 2)}
	f.eachTile(most, func(height int) {
		acc := make(ymmTile, height)
		for r := range acc {
			acc[r] = [2]vec{YMM(), YMM()}
		}
		f.sumAVX2(label("rows", height), acc, sum)
		f.storeAVX2(acc, s)
	})
}

// sumAVX2 emits the sums of a tile.
func (f *frame) sumAVX2(name string, acc ymmTile, sum summer) {
	bias := load("Bias")
	for v := range 2 {
		VMOVDQU(Mem{Base: bias, Disp: v * ymmSize}, acc[0][v])
		for _, row := range acc[1:] {
			VMOVDQA(acc[0][v], row[v])
		}
	}
	b, step := load("B"), load("row")
	ADDQ(step, b) // after the sums of columns
	f.eachQuad(name, len(acc), b, func(row []reg.Register, off gp) {
		sum(acc, [2]Mem{{Base: b}, {Base: b, Disp: ymmSize}}, func(r int) Mem { return Mem{Base: row[r], Index: off, Scale: 1} })
		ADDQ(step, b)
	})
}

// withDots sums by dot products.
func withDots(acc ymmTile, w [2]Mem, a func(r int) Mem) {
	ws := [2]vec{YMM(), YMM()}
	for v := range ws {
		VMOVDQU(w[v], ws[v])
	}
	for r := range acc {
		x := YMM()
		VPBROADCASTD(a(r), x)
		for v := range ws {
			dot(ws[v], x, acc[r][v])
		}
	}
}

// widened sums by products of 16 bits, of the even and of the odd bytes.
func widened(acc ymmTile, w [2]Mem, a func(r int) Mem) {
	var even, odd [2]vec
	for v := range w {
		even[v], odd[v] = YMM(), YMM()
		VMOVDQU(w[v], odd[v])
		VPSLLW(U8(8), odd[v], even[v])
		VPSRAW(U8(8), even[v], even[v])
		VPSRAW(U8(8), odd[v], odd[v])
	}
	for r := range acc {
		x, high, product := YMM(), YMM(), YMM()
		VPBROADCASTD(a(r), x)
		VPSRLW(U8(8), x, high)
		VPAND(evenBytes(), x, x)
		for v := range w {
			VPMADDWD(even[v], x, product)
			VPADDD(product, acc[r][v], acc[r][v])
			VPMADDWD(odd[v], high, product)
			VPADDD(product, acc[r][v], acc[r][v])
		}
	}
}

// evenBytes is a vector of ones in the even bytes.
func evenBytes() Mem {
	list := make([]uint32, ymmSize/wordSize)
	for i := range list {
		list[i] = 0x00ff00ff
	}
	return words("evenBytes", list...)
}

// storeAVX2 emits what makes results of sums and stores them.
func (f *frame) storeAVX2(acc ymmTile, s scratch) {
	scale := GP64()
	MOVQ(Mem{Base: output(), Disp: outScale}, scale)
	for v := range 2 {
		for _, row := range acc {
			VCVTDQ2PS(row[v], row[v])
			VMULPS(Mem{Base: scale, Disp: v * ymmSize}, row[v], row[v])
		}
	}
	cols := load("Cols")
	more := load("Add")
	TESTQ(more, more)
	skip(JEQ, func() { f.addAVX2(acc, cols, s) })
	done := uniqueLabel("stored")
	ifSet("Float", func() {
		f.floatsAVX2(acc, cols, s)
		JMP(LabelRef(done))
	})
	f.bytesAVX2(acc, cols, s)
	Label(done)
}

// addAVX2 emits the addition of a residual.
func (f *frame) addAVX2(acc ymmTile, cols gp, s scratch) {
	out := output()
	f.more.start()
	x := YMM()
	for r, row := range acc {
		p := f.more.row(r, 1)
		CMPQ(cols, U8(16))
		skip(JEQ, func() { s.in(p, cols, 1) })
		for v, y := range row {
			z := YMM()
			VPMOVZXBD(Mem{Base: p, Disp: 8 * v}, x)
			VPBROADCASTD(Mem{Base: out, Disp: outAddZero}, z)
			VPSUBD(z, x, x)
			VCVTDQ2PS(x, x)
			VBROADCASTSS(Mem{Base: out, Disp: outAddScale}, z)
			VMULPS(z, x, x)
			VADDPS(x, y, y)
		}
	}
}

// floatsAVX2 emits the store as float32.
func (f *frame) floatsAVX2(acc ymmTile, cols gp, s scratch) {
	out := output()
	low, high := YMM(), YMM()
	VBROADCASTSS(Mem{Base: out, Disp: outLow}, low)
	VBROADCASTSS(Mem{Base: out, Disp: outHigh}, high)
	f.c.start()
	for r, row := range acc {
		p := f.c.row(r, wordSize)
		for _, y := range row {
			VMAXPS(low, y, y)
			VMINPS(high, y, y)
		}
		s.store(p, cols, wordSize, func(m Mem) {
			VMOVUPS(row[0], m)
			VMOVUPS(row[1], m.Offset(ymmSize))
		})
	}
}

// bytesAVX2 emits the store as bytes; see storeBytes.
func (f *frame) bytesAVX2(acc ymmTile, cols gp, s scratch) {
	out := output()
	l := newNarrowLimits(Mem{Base: out, Disp: outLow}, Mem{Base: out, Disp: outHigh}, Mem{Base: out, Disp: outZero})
	f.c.start()
	for r, row := range acc {
		p := f.c.row(r, 1)
		x := l.pack(row)
		s.store(p, cols, 1, func(m Mem) { VMOVDQU(x, m) })
	}
}

// narrowLimits are limits for vectors of 8 results.
type narrowLimits struct{ high, zero, low vec }

func newNarrowLimits(low, high, zero Mem) narrowLimits {
	l := narrowLimits{YMM(), YMM(), XMM()}
	VBROADCASTSS(high, l.high)
	VPBROADCASTW(zero, l.zero)
	least := GP32()
	VCVTSS2SI(low, least)
	ADDL(zero, least)
	MOVD(least, l.low)
	VPBROADCASTB(l.low, l.low)
	return l
}

// pack returns two vectors of 8 results as 16 bytes. It overwrites them.
func (l narrowLimits) pack(y [2]vec) reg.Register {
	for _, x := range y {
		VMINPS(l.high, x, x)
		VCVTPS2DQ(x, x)
	}
	x, upper := y[0], XMM()
	VPACKSSDW(y[1], x, x)
	VPADDSW(l.zero, x, x)
	VPERMQ(U8(0b11_01_10_00), x, x)
	VEXTRACTI128(U8(1), x, upper)
	VPACKUSWB(upper, x.AsX(), x.AsX())
	VPMAXUB(l.low, x.AsX(), x.AsX())
	return x.AsX()
}

// scratch is memory for a row of which not all columns exist.
type scratch struct{ Mem }

// in copies the columns of a row to the scratch memory, and lets p point there.
func (s scratch) in(p, cols gp, size int) {
	to := GP64()
	LEAQ(s.Mem, to)
	copyColumns(to, p, cols, size)
	LEAQ(s.Mem, p)
}

// store stores a row, or only some columns of it.
func (s scratch) store(p, cols gp, size int, whole func(m Mem)) {
	part, done := uniqueLabel("part"), uniqueLabel("row")
	CMPQ(cols, U8(16))
	JNE(LabelRef(part))
	whole(Mem{Base: p})
	JMP(LabelRef(done))
	Label(part)
	whole(s.Mem)
	from := GP64()
	LEAQ(s.Mem, from)
	copyColumns(p, from, cols, size)
	Label(done)
}

// copyColumns copies fewer than 16 elements in pieces. It moves the pointers.
func copyColumns(to, from, cols gp, size int) {
	for n := 8; n > 0; n /= 2 {
		TESTB(U8(uint8(n)), cols.As8())
		skip(JEQ, func() {
			src, dst := Mem{Base: from}, Mem{Base: to}
			switch bytes := n * size; bytes {
			case 32:
				x := YMM()
				VMOVUPS(src, x)
				VMOVUPS(x, dst)
			case 16:
				x := XMM()
				VMOVUPS(src, x)
				VMOVUPS(x, dst)
			case 8:
				x := GP64()
				MOVQ(src, x)
				MOVQ(x, dst)
			case 4:
				x := GP32()
				MOVL(src, x)
				MOVL(x, dst)
			case 2:
				x := GP16()
				MOVW(src, x)
				MOVW(x, dst)
			case 1:
				x := GP8()
				MOVB(src, x)
				MOVB(x, dst)
			}
			if n > 1 {
				ADDQ(U8(uint8(n*size)), from)
				ADDQ(U8(uint8(n*size)), to)
			}
		})
	}
}

// peakAVX2 emits the loop that measures the machine's limit: as many multiply-adds a turn as with AVX-512, by products of 16 bits.
func peakAVX2() {
	TEXT("peakSIMD", NOSPLIT, "func(iters int) int32")
	n := Load(Param("iters"), GP64())
	a, sums := YMM(), make([]vec, 8)
	VPCMPEQD(a, a, a)
	for i := range sums {
		sums[i] = YMM()
		VPXOR(sums[i], sums[i], sums[i])
	}
	TESTQ(n, n)
	JLE(LabelRef("done"))
	Label("turn")
	for i := range 48 {
		product := YMM()
		VPMADDWD(a, a, product)
		VPADDD(product, sums[i%8], sums[i%8])
	}
	DECQ(n)
	JNE(LabelRef("turn"))
	Label("done")
	for _, s := range sums[1:] {
		VPADDD(s, sums[0], sums[0])
	}
	x := GP32()
	VMOVD(sums[0].AsX(), x)
	Store(x, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
