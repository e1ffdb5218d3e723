package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// wide is how many lanes a vector of AVX-512 has.
const wide = 16

// depthwiseRowAVX512 emits DepthwiseRow: for each four pixels, and then each of the rest,
// and each block of channels, a loop over the taps. Four pixels share the weights. The
// sums are those of depthwiseRowSIMD, with the same bits.
func depthwiseRowAVX512() {
	function("depthwiseRowAVX512", "(dst, src, w, bias *float32, taps *int32, count, n, dstStep, srcStep, c int, bounds *float32)")
	k := depthwiseAVX512{
		dst: stepped{param("dst"), param("dstStep"), GP64()}, src: stepped{param("src"), param("srcStep"), GP64()},
		w: param("w"), at: GP64(), mask: K(),
	}
	for _, s := range []stepped{k.dst, k.src} {
		LEAQ(Mem{Base: s.step, Index: s.step, Scale: 2}, s.three)
	}
	k.pixels("four", 4)
	k.pixels("one", 1)
	finish()
}

// A stepped is memory of which four places that are a step apart, in bytes, are used.
type stepped struct{ base, step, three gp }

// place returns place p of those that begin at a pointer.
func (s stepped) place(from gp, p, disp int) Mem {
	m := Mem{Base: from, Disp: disp}
	if p > 0 {
		m.Index, m.Scale = s.step, uint8(p)
	}
	if p == 3 {
		m.Index, m.Scale = s.three, 1
	}
	return m
}

type depthwiseAVX512 struct {
	dst, src stepped
	w        gp
	at       gp // the first channel of a block
	mask     reg.OpmaskVirtual
}

// pixels emits the loop over each n pixels of the row.
func (k *depthwiseAVX512) pixels(label string, n int) {
	Label(label)
	CMPQ(address("n"), U8(n))
	JLT(LabelRef(label + "_end"))
	XORQ(k.at, k.at)

	Label(label + "_block")
	left := GP64()
	MOVQ(address("c"), left)
	SUBQ(k.at, left)
	CMPQ(left, U8(4*wide))
	JLT(LabelRef(label + "_vector"))
	k.sums(label+"_block", n, 4)
	ADDQ(U8(4*wide), k.at)
	JMP(LabelRef(label + "_block"))

	Label(label + "_vector")
	left = GP64()
	MOVQ(address("c"), left)
	SUBQ(k.at, left)
	JLE(LabelRef(label + "_next"))
	lanes, all := GP64(), GP64()
	MOVQ(U32(wide), lanes)
	CMPQ(left, lanes)
	CMOVQGT(lanes, left)
	MOVQ(U32(0xffff), all)
	BZHIQ(left, all, all)
	KMOVW(all.As32(), k.mask)
	k.sums(label+"_vector", n, 1)
	ADDQ(U8(wide), k.at)
	JMP(LabelRef(label + "_vector"))

	Label(label + "_next")
	for _, s := range []stepped{k.dst, k.src} {
		if n == 4 {
			LEAQ(Mem{Base: s.base, Index: s.step, Scale: 4}, s.base)
		} else {
			ADDQ(s.step, s.base)
		}
	}
	SUBQ(U8(n), address("n"))
	JMP(LabelRef(label))
	Label(label + "_end")
}

// sums emits the sums of n pixels and some vectors of channels: several, or a single one
// of which the lanes in mask are computed.
func (k *depthwiseAVX512) sums(label string, n, vectors int) {
	whole := vectors > 1
	acc := make([][]reg.VecVirtual, n)
	bias := param("bias")
	for p := range acc {
		for v := range vectors {
			d := ZMM()
			k.load(Mem{Base: bias, Index: k.at, Scale: floatSize, Disp: 64 * v}, d, whole)
			acc[p] = append(acc[p], d)
		}
	}
	next, left := param("taps"), param("count")
	TESTQ(left, left)
	JLE(LabelRef(label + "_done"))
	Label(label + "_taps")
	from, weight := GP64(), GP64()
	MOVLQSX(Mem{Base: next}, from)
	MOVLQSX(Mem{Base: next, Disp: 4}, weight)
	ADDQ(k.at, from)
	ADDQ(k.at, weight)
	LEAQ(Mem{Base: k.src.base, Index: from, Scale: floatSize}, from)
	for v := range vectors {
		here := ZMM()
		k.load(Mem{Base: k.w, Index: weight, Scale: floatSize, Disp: 64 * v}, here, whole)
		for p := range n {
			if m := k.src.place(from, p, 64*v); whole {
				VFMADD231PS(m, here, acc[p][v])
			} else {
				VFMADD231PS(m, here, k.mask, acc[p][v])
			}
		}
	}
	ADDQ(U8(tapSize), next)
	DECQ(left)
	JNE(LabelRef(label + "_taps"))
	Label(label + "_done")
	limit(label, param("bounds"), slices.Concat(acc...), ZMM(), ZMM())
	to := GP64()
	LEAQ(Mem{Base: k.dst.base, Index: k.at, Scale: floatSize}, to)
	for p := range n {
		for v := range vectors {
			if m := k.dst.place(to, p, 64*v); whole {
				VMOVUPS(acc[p][v], m)
			} else {
				VMOVUPS(acc[p][v], k.mask, m)
			}
		}
	}
}

// load loads a vector, or its lanes in mask.
func (k *depthwiseAVX512) load(m Mem, d reg.VecVirtual, whole bool) {
	if whole {
		VMOVUPS(m, d)
	} else {
		VMOVUPS_Z(m, k.mask, d)
	}
}
