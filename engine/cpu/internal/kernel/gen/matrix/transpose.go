package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transposeKernel emits the transposition of a strip of 8 rows, block by block of
// 8×8 floats: 8 loads of two half rows each, so that the halves are in place, then
// two rounds of shuffles within the halves.
func transposeKernel() {
	TEXT("transposeSIMD", NOSPLIT, "func(dst, src *float32, blocks, ldDst, ldSrc int)")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	blocks := Load(Param("blocks"), GP64())
	from, to := newStrided(src, Load(Param("ldSrc"), GP64())), newStrided(dst, Load(Param("ldDst"), GP64()))
	step := GP64()
	MOVQ(to.ld, step)
	SHLQ(Imm(3), step)

	Label("block")
	// x[i] is columns 0–3 of row i, then columns 0–3 of row i+4; x[i+4] columns 4–7.
	x := make([]reg.VecVirtual, 8)
	for i := range 8 {
		x[i] = YMM()
		VMOVUPS(from.row(i%4, i/4*16), x[i].AsX())
		VINSERTF128(Imm(1), from.row(i%4+4, i/4*16), x[i], x[i])
	}
	for h := 0; h < 8; h += 4 {
		pairs := []reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
		VUNPCKLPS(x[h+1], x[h], pairs[0])   // a0 b0 a1 b1
		VUNPCKHPS(x[h+1], x[h], pairs[1])   // a2 b2 a3 b3
		VUNPCKLPS(x[h+3], x[h+2], pairs[2]) // c0 d0 c1 d1
		VUNPCKHPS(x[h+3], x[h+2], pairs[3]) // c2 d2 c3 d3
		for j := range 4 {
			y := YMM()
			if j%2 == 0 {
				VUNPCKLPD(pairs[j/2+2], pairs[j/2], y)
			} else {
				VUNPCKHPD(pairs[j/2+2], pairs[j/2], y)
			}
			VMOVUPS(y, to.row(h+j, 0))
		}
	}
	from.add(Imm(vecSize))
	to.add(step)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// strided addresses 8 rows at equal distances with four registers.
type strided struct {
	base, base4 reg.GPVirtual // rows 0 and 4
	ld, ld3     reg.GPVirtual // once and three times the distance in bytes
}

func newStrided(base, ld reg.Register) strided {
	s := strided{base: base.(reg.GPVirtual), base4: GP64(), ld: ld.(reg.GPVirtual), ld3: GP64()}
	SHLQ(Imm(2), s.ld)
	LEAQ(Mem{Base: s.ld, Index: s.ld, Scale: 2}, s.ld3)
	LEAQ(Mem{Base: s.base, Index: s.ld, Scale: 4}, s.base4)
	return s
}

// row is the place disp bytes into row i.
func (s strided) row(i, disp int) Mem {
	m := Mem{Base: s.base, Disp: disp}
	if i >= 4 {
		m.Base = s.base4
	}
	switch i % 4 {
	case 1:
		m = m.Idx(s.ld, 1)
	case 2:
		m = m.Idx(s.ld, 2)
	case 3:
		m = m.Idx(s.ld3, 1)
	}
	return m
}

// add moves all rows on.
func (s strided) add(bytes Op) {
	ADDQ(bytes, s.base)
	ADDQ(bytes, s.base4)
}
