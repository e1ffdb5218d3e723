package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// tallest is the greatest height of a tile: as many rows as there are general registers for.
const tallest = 12

// prefetchAhead is how many bytes before their use weights are fetched: a page, as the processor's own
// prefetching stops at its end.
const prefetchAhead = 4096

// zmmTile is a register tile, by row and vector.
type zmmTile [][]vec

// tileAVX512 emits Tile for panels of so many vectors.
func tileAVX512(name string, vecs int) {
	TEXT(name, 0, "func(args *TileArgs)")
	f := newFrame()
	f.eachTile(tallest, func(height int) {
		acc := make(zmmTile, height)
		for r := range acc {
			acc[r] = make([]vec, vecs)
			for v := range acc[r] {
				acc[r][v] = ZMM()
			}
		}
		f.sumAVX512(label("rows", height), acc)
		f.storeAVX512(acc)
	})
}

// sumAVX512 emits the sums of a tile.
func (f *frame) sumAVX512(name string, acc zmmTile) {
	vecs := len(acc[0])
	bias := load("Bias")
	for v := range vecs {
		VMOVDQU32(Mem{Base: bias, Disp: v * zmmSize}, acc[0][v])
		for _, row := range acc[1:] {
			VMOVDQA32(acc[0][v], row[v])
		}
	}
	b := load("B")
	ADDQ(U8(vecs*zmmSize), b) // after the sums of columns
	f.eachQuad(name, len(acc), b, func(row []reg.Register, off gp) {
		w := make([]vec, vecs)
		for v := range w {
			w[v] = ZMM()
			PREFETCHT0(Mem{Base: b, Disp: v*zmmSize + prefetchAhead})
			VMOVDQU32(Mem{Base: b, Disp: v * zmmSize}, w[v])
		}
		for r := range acc {
			x := ZMM()
			VPBROADCASTD(Mem{Base: row[r], Index: off, Scale: 1}, x)
			for v := range w {
				dot(w[v], x, acc[r][v])
			}
		}
		SUBQ(I8(-vecs*zmmSize), b)
	})
}

// storeAVX512 emits what makes results of sums and stores them.
func (f *frame) storeAVX512(acc zmmTile) {
	vecs := len(acc[0])
	out := output()
	scale := GP64()
	MOVQ(Mem{Base: out, Disp: outScale}, scale)
	for v := range vecs {
		s := ZMM()
		VMOVUPS(Mem{Base: scale, Disp: v * zmmSize}, s)
		for _, row := range acc {
			VCVTDQ2PS(row[v], row[v])
			VMULPS(s, row[v], row[v])
		}
	}
	// Bits of the valid columns.
	ones := GP64()
	MOVQ(I32(-1), ones)
	BZHIQ(load("Cols"), ones, ones)
	mask := K()
	KMOVQ(ones, mask)
	more := load("Add")
	TESTQ(more, more)
	skip(JEQ, func() { f.addAVX512(acc, ones) })

	done := uniqueLabel("stored")
	ifSet("Float", func() {
		f.storeFloats(acc, ones)
		JMP(LabelRef(done))
	})
	f.storeBytes(acc, mask)
	Label(done)
}

// maskOf returns a mask of the 16 columns of a vector, given the bits of all columns.
func maskOf(ones gp, v int) reg.Register {
	k, bits := K(), GP64()
	MOVQ(ones, bits)
	if v > 0 {
		SHRQ(U8(16*v), bits)
	}
	KMOVW(bits.As32(), k)
	return k
}

// addAVX512 emits the addition of a residual.
func (f *frame) addAVX512(acc zmmTile, ones gp) {
	out := output()
	zero, scale := ZMM(), ZMM()
	VPBROADCASTD(Mem{Base: out, Disp: outAddZero}, zero)
	VBROADCASTSS(Mem{Base: out, Disp: outAddScale}, scale)
	masks := make([]reg.Register, len(acc[0]))
	for v := range masks {
		masks[v] = maskOf(ones, v)
	}
	f.more.start()
	for r, row := range acc {
		p := f.more.row(r, 1)
		for v, y := range row {
			x := ZMM()
			VPMOVZXBD_Z(Mem{Base: p, Disp: 16 * v}, masks[v], x)
			VPSUBD(zero, x, x)
			VCVTDQ2PS(x, x)
			VMULPS(scale, x, x)
			VADDPS(x, y, y)
		}
	}
}

// storeFloats emits the store as float32.
func (f *frame) storeFloats(acc zmmTile, ones gp) {
	out := output()
	low, high := ZMM(), ZMM()
	VBROADCASTSS(Mem{Base: out, Disp: outLow}, low)
	VBROADCASTSS(Mem{Base: out, Disp: outHigh}, high)
	masks := make([]reg.Register, len(acc[0]))
	for v := range masks {
		masks[v] = maskOf(ones, v)
	}
	f.c.start()
	for r, row := range acc {
		p := f.c.row(r, wordSize)
		for v, y := range row {
			VMAXPS(low, y, y)
			VMINPS(high, y, y)
			VMOVUPS(y, masks[v], Mem{Base: p, Disp: zmmSize * v})
		}
	}
}

// storeBytes emits the store as bytes. Only the upper limit is applied to floats, so that their conversion
// cannot overflow upwards; packing saturates, and the lower limit is applied to bytes.
func (f *frame) storeBytes(acc zmmTile, mask reg.Register) {
	vecs := len(acc[0])
	limits := newLimits(ZMM, output())
	together := 4 / vecs // rows that become one vector of bytes
	order := inOrder()
	f.c.start()
	whole, done := uniqueLabel("whole"), uniqueLabel("done")
	store := func(masked bool) {
		for from := 0; from < len(acc); from += together {
			x := limits.pack(acc, from)
			VPERMD(x, order, x)
			for r := from; r < min(from+together, len(acc)); r++ {
				p := Mem{Base: f.c.row(r, 1)}
				part := r - from
				switch {
				case vecs == 2 && part == 0 && masked:
					VMOVDQU8(x.AsY(), mask, p)
				case vecs == 2 && part == 0:
					VMOVDQU(x.AsY(), p)
				case vecs == 2 && masked:
					y := YMM()
					VEXTRACTI64X4(U8(1), x, y)
					VMOVDQU8(y, mask, p)
				case vecs == 2:
					VEXTRACTI64X4(U8(1), x, p)
				case part == 0 && masked:
					VMOVDQU8(x.AsX(), mask, p)
				case part == 0:
					VMOVDQU(x.AsX(), p)
				case masked:
					y := XMM()
					VEXTRACTI32X4(U8(uint8(part)), x, y)
					VMOVDQU8(y, mask, p)
				default:
					VEXTRACTI32X4(U8(uint8(part)), x, p)
				}
			}
		}
	}
	CMPQ(load("Cols"), U8(16*vecs))
	JEQ(LabelRef(whole))
	store(true)
	JMP(LabelRef(done))
	Label(whole)
	store(false)
	Label(done)
}

// limits are the upper limit as float, the zero point as 16 bits, the lower limit as a byte.
type limits struct{ high, zero, low vec }

func newLimits(vec func() vec, out gp) limits {
	l := limits{vec(), vec(), vec()}
	VBROADCASTSS(Mem{Base: out, Disp: outHigh}, l.high)
	l.setBytes(Mem{Base: out, Disp: outLow}, Mem{Base: out, Disp: outZero})
	return l
}

// setBytes sets the zero point and the lower limit, which are at these places.
func (l limits) setBytes(low, zero Mem) {
	VPBROADCASTW(zero, l.zero)
	least := GP32()
	VCVTSS2SI(low, least)
	ADDL(zero, least)
	VPBROADCASTB(least, l.low)
}

// pack returns four vectors of results of the rows from first on as one of bytes: within each 128 bits, four
// of each of them in turn. It overwrites them.
func (l limits) pack(acc zmmTile, first int) vec {
	vecs := len(acc[0])
	get := func(i int) vec {
		r := min(first+i/vecs, len(acc)-1)
		return acc[r][i%vecs]
	}
	var list []vec
	for i := range 4 {
		x := get(i)
		if r := first + i/vecs; r >= len(acc) {
			list = append(list, list[len(list)-1])
			continue
		}
		VMINPS(l.high, x, x)
		VCVTPS2DQ(x, x)
		list = append(list, x)
	}
	return l.toBytes(ZMM, list)
}

// toBytes returns four vectors of int32 as one of bytes, with the zero point.
func (l limits) toBytes(vec func() vec, list []vec) vec {
	a, b := vec(), vec()
	VPACKSSDW(list[1], list[0], a)
	VPACKSSDW(list[3], list[2], b)
	VPADDSW(l.zero, a, a)
	VPADDSW(l.zero, b, b)
	VPACKUSWB(b, a, a)
	VPMAXUB(l.low, a, a)
	return a
}

// peakAVX512 emits the loop that measures the machine's limit: 12 independent dot products a turn.
func peakAVX512() {
	TEXT("peakAVX512", NOSPLIT, "func(iters int) int32")
	n := Load(Param("iters"), GP64())
	a, sums := ZMM(), make([]vec, 12)
	VPTERNLOGD(U8(255), a, a, a) // 255, or −1, everywhere
	for i := range sums {
		sums[i] = ZMM()
		VPXORD(sums[i], sums[i], sums[i])
	}
	TESTQ(n, n)
	JLE(LabelRef("done"))
	Label("turn")
	for _, s := range sums {
		dot(a, a, s)
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
