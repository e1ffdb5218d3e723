package main

import (
	"fmt"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windowsAtOnce is how many pixels depthwiseWindows computes: image sizes are often
// multiples of seven.
const windowsAtOnce = 7

// depthwiseWindowsAVX512 emits DepthwiseWindows for windows of the given width and
// distance. For each block of channels there is a loop over the rows of the windows: the
// weights of a row are loaded, and then each column of the source once, for all the
// windows that see it. A window sums in the order of rows and columns, as
// depthwiseRowAVX512 does, so that it has the same bits. Columns whose bit in valid is not
// set are left out, and src does not count them.
func depthwiseWindowsAVX512(width, stride int) {
	function(fmt.Sprintf("depthwiseWindows%dx%dAVX512", width, stride), "(args *uintptr)")
	k := windowsAVX512{width: width, stride: stride, args: param("args"), at: GP64(), mask: K()}
	k.dst, k.src, k.w = k.param("dst"), k.param("src"), k.param("w")
	k.srcStep, k.wStep, k.wThree, k.valid, k.groups = k.param("srcStep"), k.param("wStep"), GP64(), k.param("valid"), AllocLocal(8)
	LEAQ(Mem{Base: k.wStep, Index: k.wStep, Scale: 2}, k.wThree)
	groups := k.param("groups")
	MOVQ(groups, k.groups)

	Label("group")
	XORQ(k.at, k.at)
	left := GP64()
	Label("block")
	MOVQ(k.arg("c"), left)
	SUBQ(k.at, left)
	CMPQ(left, U8(2*wide))
	JLT(LabelRef("vector"))
	k.sums("block", 2)
	ADDQ(U8(2*wide), k.at)
	JMP(LabelRef("block"))

	Label("vector")
	left = GP64()
	MOVQ(k.arg("c"), left)
	SUBQ(k.at, left)
	JLE(LabelRef("end"))
	lanes, all := GP64(), GP64()
	MOVQ(U32(wide), lanes)
	CMPQ(left, lanes)
	CMOVQGT(lanes, left)
	MOVQ(U32(0xffff), all)
	BZHIQ(left, all, all)
	KMOVW(all.As32(), k.mask)
	k.sums("vector", 1)
	ADDQ(U8(wide), k.at)
	JMP(LabelRef("vector"))
	Label("end")
	ADDQ(k.arg("dstGroup"), k.dst)
	ADDQ(k.arg("srcGroup"), k.src)
	DECQ(k.groups)
	JNE(LabelRef("group"))
	finish()
}

type windowsAVX512 struct {
	width, stride int
	args          gp
	dst, src, w   gp
	srcStep       gp
	wStep, wThree gp
	valid         gp
	groups        Mem // left
	at            gp  // the first channel of a block
	mask          reg.OpmaskVirtual
}

// windowArgs are the fields of vec.windowArgs, eight bytes each.
var windowArgs = []string{
	"dst", "src", "w", "bias", "groups", "dstGroup", "srcGroup", "rows", "n",
	"dstStep", "srcStep", "srcRow", "wStep", "valid", "c", "bounds",
}

// arg returns where an argument lies, and param loads it.
func (k *windowsAVX512) arg(name string) Mem {
	return Mem{Base: k.args, Disp: 8 * slices.Index(windowArgs, name)}
}

func (k *windowsAVX512) param(name string) gp {
	p := GP64()
	MOVQ(k.arg(name), p)
	return p
}

// sums emits the sums of all windows for some vectors of channels: two, or a single one of
// which the lanes in mask are computed.
func (k *windowsAVX512) sums(label string, vectors int) {
	whole := vectors > 1
	acc := make([][]reg.VecVirtual, windowsAtOnce)
	bias := k.param("bias")
	for p := range acc {
		for v := range vectors {
			d := ZMM()
			if p == 0 {
				k.load(Mem{Base: bias, Index: k.at, Scale: floatSize, Disp: 64 * v}, d, whole)
			} else {
				VMOVAPS(acc[0][v], d)
			}
			acc[p] = append(acc[p], d)
		}
	}
	row, weights, left := GP64(), GP64(), k.param("rows")
	LEAQ(Mem{Base: k.src, Index: k.at, Scale: floatSize}, row)
	LEAQ(Mem{Base: k.w, Index: k.at, Scale: floatSize}, weights)
	TESTQ(left, left)
	JLE(LabelRef(label + "_done"))
	Label(label + "_row")
	k.row(label, acc, row, weights, whole)
	ADDQ(k.arg("srcRow"), row)
	LEAQ(Mem{Base: weights, Index: k.wStep, Scale: 2}, weights) // on by the width
	if k.width == 5 {
		ADDQ(k.wThree, weights)
	} else {
		ADDQ(k.wStep, weights)
	}
	DECQ(left)
	JNE(LabelRef(label + "_row"))

	Label(label + "_done")
	limit(label, k.param("bounds"), slices.Concat(acc...), ZMM(), ZMM())
	to := GP64()
	LEAQ(Mem{Base: k.dst, Index: k.at, Scale: floatSize}, to)
	for p := range acc {
		if p > 0 {
			CMPQ(k.arg("n"), U8(p))
			JLE(LabelRef(label + "_stored"))
			ADDQ(k.arg("dstStep"), to)
		}
		for v := range vectors {
			if m := (Mem{Base: to, Disp: 64 * v}); whole {
				VMOVUPS(acc[p][v], m)
			} else {
				VMOVUPS(acc[p][v], k.mask, m)
			}
		}
	}
	Label(label + "_stored")
}

// row emits what one row of the windows adds to their sums.
func (k *windowsAVX512) row(label string, acc [][]reg.VecVirtual, row, weights gp, whole bool) {
	vectors := len(acc[0])
	w := make([][]reg.VecVirtual, k.width)
	for x := range w {
		m := Mem{Base: weights, Index: k.wStep, Scale: uint8(max(1, x))}
		switch x {
		case 0:
			m = Mem{Base: weights}
		case 3:
			m.Index, m.Scale = k.wThree, 1
		}
		for v := range vectors {
			m.Disp = 64 * v
			d := ZMM()
			k.load(m, d, whole)
			w[x] = append(w[x], d)
		}
	}
	from := GP64()
	MOVQ(row, from)
	for s := range (windowsAtOnce-1)*k.stride + k.width {
		next := fmt.Sprintf("%s_column%d", label, s)
		TESTL(U32(1<<s), k.valid.As32())
		JEQ(LabelRef(next))
		for v := range vectors {
			x := ZMM()
			k.load(Mem{Base: from, Disp: 64 * v}, x, whole)
			for p := range acc {
				if at := s - p*k.stride; at >= 0 && at < k.width {
					VFMADD231PS(x, w[at][v], acc[p][v])
				}
			}
		}
		ADDQ(k.srcStep, from)
		Label(next)
	}
}

// load loads a vector, or its lanes in mask.
func (k *windowsAVX512) load(m Mem, d reg.VecVirtual, whole bool) {
	if whole {
		VMOVUPS(m, d)
	} else {
		VMOVUPS_Z(m, k.mask, d)
	}
}
