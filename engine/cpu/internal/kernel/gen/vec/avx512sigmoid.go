package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/strideml/stride/engine/cpu/internal/kernel/vec/coef"
)

// sigmoidsAVX512 emits Sigmoid and SiLU, with the bits of sigmoidSIMD and siluSIMD: the
// operations are the same, except that VSCALEFPS multiplies by 2ⁿ at once, which rounds
// once too.
func sigmoidsAVX512() {
	sigmoidAVX512("sigmoidAVX512", false)
	sigmoidAVX512("siluAVX512", true)
}

// sigmoidUnroll is how many vectors are computed in step.
const sigmoidUnroll = 4

// sigmoidAVX512 emits σ(x), or x·σ(x).
func sigmoidAVX512(name string, timesX bool) {
	function(name, "(dst, x *float32, n int)")
	k := newSigmoid(timesX)
	dst, x, left := param("dst"), param("x"), param("n")
	mask := K()
	loop := func(label string, vectors int) {
		Label(label)
		CMPQ(left, I32(int32(vectors*wide)))
		JLT(LabelRef(label + "_end"))
		k.vectors(dst, x, vectors, nil)
		ADDQ(I32(int32(vectors*wide*floatSize)), dst)
		ADDQ(I32(int32(vectors*wide*floatSize)), x)
		SUBQ(I32(int32(vectors*wide)), left)
		JMP(LabelRef(label))
		Label(label + "_end")
	}
	loop("block", sigmoidUnroll)
	loop("vector", 1)
	TESTQ(left, left)
	JLE(LabelRef("end"))
	all := GP64()
	MOVQ(U32(0xffff), all)
	BZHIQ(left, all, all)
	KMOVW(all.As32(), mask)
	k.vectors(dst, x, 1, mask)
	Label("end")
	finish()
}

// sigmoidConstants are those that stay in registers.
type sigmoidConstants struct {
	timesX                                       bool
	sign, least, log2E, magic, ln2Hi, ln2Lo, one reg.VecVirtual
	poly                                         []reg.VecVirtual
}

func newSigmoid(timesX bool) *sigmoidConstants {
	lanes := func(m Mem) reg.VecVirtual {
		d := ZMM()
		VBROADCASTSS(m, d)
		return d
	}
	k := &sigmoidConstants{
		timesX: timesX, sign: lanes(bits(signBits)), least: lanes(num(coef.ExpMin)), log2E: lanes(num(coef.Log2E)),
		magic: lanes(num(coef.Magic)), ln2Hi: lanes(num(coef.Ln2Hi)), ln2Lo: lanes(num(coef.Ln2Lo)), one: lanes(num(1)),
	}
	for _, c := range coef.Exp {
		k.poly = append(k.poly, lanes(num(c)))
	}
	return k
}

// vectors emits the computing of some vectors in step, or of the lanes in mask of one.
func (k *sigmoidConstants) vectors(dst, x gp, n int, mask reg.Register) {
	type lane struct {
		x, r, k, p reg.VecVirtual
		negative   reg.OpmaskVirtual
	}
	v := make([]lane, n)
	for i := range v {
		v[i] = lane{ZMM(), ZMM(), ZMM(), ZMM(), K()}
	}
	each := func(f func(l lane, at int)) {
		for i, l := range v {
			f(l, i*wide*floatSize)
		}
	}
	each(func(l lane, at int) {
		if mask == nil {
			VMOVUPS(Mem{Base: x, Disp: at}, l.x)
		} else {
			VMOVUPS_Z(Mem{Base: x, Disp: at}, mask, l.x)
		}
	})
	each(func(l lane, _ int) { VPMOVD2M(l.x, l.negative) })
	each(func(l lane, _ int) { VORPS(k.sign, l.x, l.r) })
	each(func(l lane, _ int) { VMAXPS(l.r, k.least, l.r) })
	each(func(l lane, _ int) { VMOVAPS(k.magic, l.k); VFMADD231PS(k.log2E, l.r, l.k) })
	each(func(l lane, _ int) { VSUBPS(k.magic, l.k, l.k) })
	each(func(l lane, _ int) { VFNMADD231PS(k.ln2Hi, l.k, l.r) })
	each(func(l lane, _ int) { VFNMADD231PS(k.ln2Lo, l.k, l.r) })
	top := len(k.poly) - 1
	each(func(l lane, _ int) { VMOVAPS(k.poly[top], l.p); VFMADD213PS(k.poly[top-1], l.r, l.p) })
	for i := top - 2; i >= 0; i-- {
		each(func(l lane, _ int) { VFMADD213PS(k.poly[i], l.r, l.p) })
	}
	for range 2 {
		each(func(l lane, _ int) { VFMADD213PS(k.one, l.r, l.p) })
	}
	each(func(l lane, _ int) { VSCALEFPS(l.k, l.p, l.p) })
	each(func(l lane, _ int) { VADDPS(k.one, l.p, l.r) })
	each(func(l lane, _ int) { VBLENDMPS(l.p, k.one, l.negative, l.p) })
	each(func(l lane, _ int) { VDIVPS(l.r, l.p, l.p) })
	if k.timesX {
		each(func(l lane, _ int) { VMULPS(l.x, l.p, l.p) })
	}
	each(func(l lane, at int) {
		if mask == nil {
			VMOVUPS(l.p, Mem{Base: dst, Disp: at})
		} else {
			VMOVUPS(l.p, mask, Mem{Base: dst, Disp: at})
		}
	})
}
