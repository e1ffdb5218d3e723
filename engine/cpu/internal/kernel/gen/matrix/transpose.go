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

// interleaveAVX512 emits the interleaving of three rows, 16 columns at a time: each of
// the three vectors of the result takes the elements of the first two rows by one
// permutation, and those of the third by another one.
func interleaveAVX512() {
	TEXT("interleave3AVX512", NOSPLIT, "func(dst, a, b, c *float32, blocks int)")
	dst, blocks := Load(Param("dst"), GP64()), Load(Param("blocks"), GP64())
	var from [3]reg.Register
	for i, name := range []string{"a", "b", "c"} {
		from[i] = Load(Param(name), GP64())
	}
	const rows = 3
	var pick, third [rows]reg.VecVirtual
	var mask [rows]reg.Register
	for v := range rows {
		pick[v], third[v], mask[v] = ZMM(), ZMM(), K()
		table, bits := GLOBL(label("interleave", v), 8|16), uint32(0) // read-only, without pointers
		for i := range zmmLanes {
			n := v*zmmLanes + i
			index := n/rows + n%rows*zmmLanes // in the first two rows
			if n%rows == rows-1 {
				index, bits = 0, bits|1<<i
			}
			DATA(i*floatSize, U32(uint32(index)))
		}
		for i := range zmmLanes {
			DATA(zmmSize+i*floatSize, U32(uint32((v*zmmLanes+i)/rows)))
		}
		VMOVDQU32(table, pick[v])
		VMOVDQU32(table.Offset(zmmSize), third[v])
		t := GP32()
		MOVL(U32(bits), t)
		KMOVW(t, mask[v])
	}

	Label("block")
	a, b, c := ZMM(), ZMM(), ZMM()
	VMOVUPS(Mem{Base: from[0]}, a)
	VMOVUPS(Mem{Base: from[1]}, b)
	VMOVUPS(Mem{Base: from[2]}, c)
	for v := range rows {
		x := ZMM()
		VMOVAPS(a, x)
		VPERMT2PS(b, pick[v], x)
		VPERMPS(c, third[v], mask[v], x)
		VMOVUPS(x, Mem{Base: dst, Disp: v * zmmSize})
	}
	for _, p := range from {
		ADDQ(Imm(zmmSize), p)
	}
	ADDQ(U32(rows*zmmSize), dst)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}
