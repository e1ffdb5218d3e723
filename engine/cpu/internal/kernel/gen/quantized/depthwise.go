package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// windowsAtOnce is the number of windows that are summed at a time.
const windowsAtOnce = 4

// depthwiseAVX512 emits Depthwise for kernels of so many columns, and windows so many columns apart. With one column, each
// window has its own.
//
// Each column of the source is read once for all windows that it is part of: four rows of it are interleaved, so that
// the four bytes of a channel lie side by side, in four vectors.
func depthwiseAVX512(name string, width, stride int) {
	TEXT(name, 0, "func(b *DepthwiseArgs, size int)")
	k := &depthwiseKernel{width: width, stride: stride, quads: AllocLocal(8), src: AllocLocal(8), dst: AllocLocal(8), left: AllocLocal(8)}
	size := Load(Param("size"), GP64())
	CMPQ(size, U8(32))
	JEQ(LabelRef("size32"))
	JLT(LabelRef("size16"))
	k.block(64, ZMM)
	Label("size32")
	k.block(32, YMM)
	Label("size16")
	k.block(16, XMM)
}

type depthwiseKernel struct {
	width, stride         int
	quads, src, dst, left Mem // what is left of a sum; the window at hand; its result; windows left

	size int
	vec  func() vec
	mask reg.Register
	limits
}

// field loads a field of the arguments.
func field(name string) gp {
	x := GP64()
	Load(Dereference(Param("b")).Field(name), x)
	return x
}

// block emits all for a block of so many channels.
func (k *depthwiseKernel) block(size int, vec func() vec) {
	k.size, k.vec = size, vec
	ones := GP64()
	MOVQ(I32(-1), ones)
	BZHIQ(field("valid"), ones, ones)
	k.mask = K()
	KMOVQ(ones, k.mask)
	k.limits = newLimits(vec, field("Output"))
	MOVQ(field("Src"), k.src)
	MOVQ(field("Dst"), k.dst)
	n := field("N")
	MOVQ(n, k.left)
	CMPQ(n, U8(windowsAtOnce))
	single, again, rest := uniqueLabel("single"), uniqueLabel("windows"), uniqueLabel("rest")
	JLT(LabelRef(single))

	Label(again)
	k.windows(windowsAtOnce)
	k.move(windowsAtOnce)
	left := GP64()
	MOVQ(k.left, left)
	CMPQ(left, U8(windowsAtOnce))
	JGE(LabelRef(again))
	TESTQ(left, left)
	skip(JNE, func() { VZEROUPPER(); RET() })
	// The last windows, some of them once more.
	back := GP64()
	MOVQ(U32(windowsAtOnce), back)
	SUBQ(left, back)
	src, dst := field("window"), field("DstStep")
	IMULQ(back, src)
	IMULQ(back, dst)
	SUBQ(src, k.src)
	SUBQ(dst, k.dst)
	MOVQ(U32(windowsAtOnce), left)
	MOVQ(left, k.left)
	JMP(LabelRef(again))

	Label(single)
	Label(rest)
	k.windows(1)
	k.move(1)
	JNE(LabelRef(rest))
	VZEROUPPER()
	RET()
}

// move goes on by n windows, and sets the flags as the number of windows left.
func (k *depthwiseKernel) move(n int) {
	src, dst := field("window"), field("DstStep")
	if n > 1 {
		IMUL3Q(U8(uint8(n)), src, src)
		IMUL3Q(U8(uint8(n)), dst, dst)
	}
	ADDQ(src, k.src)
	ADDQ(dst, k.dst)
	SUBQ(U8(uint8(n)), k.left)
}

// windows emits n windows.
func (k *depthwiseKernel) windows(n int) {
	acc := make([][4]vec, n)
	bias := field("Bias")
	for i := range 4 {
		for g := range acc {
			acc[g][i] = k.vec()
			if g == 0 {
				VMOVDQU32(Mem{Base: bias, Disp: i * k.size}, acc[0][i])
			} else {
				VMOVDQA32(acc[0][i], acc[g][i])
			}
		}
	}
	w, rows, src, step := field("W"), field("RowOff"), GP64(), field("SrcStep")
	ADDQ(I32(int32(4*k.size)), w) // after the sums
	if k.width == 1 {
		step = field("window")
	}
	MOVQ(k.src, src)
	MOVQ(field("Quads"), k.quads)
	again := uniqueLabel("quads")
	Label(again)
	var row [4]gp
	for y := range row {
		row[y] = GP64()
		MOVLQSX(Mem{Base: rows, Disp: wordSize * y}, row[y])
		ADDQ(src, row[y])
	}
	off := GP64()
	XORQ(off, off)
	columns := (n-1)*k.stride + k.width
	for column := range columns {
		q := k.interleaved(row, off)
		for g := range acc {
			if x := column - g*k.stride; x >= 0 && x < k.width {
				for i := range q {
					dotMem(Mem{Base: w, Disp: (4*x + i) * k.size}, q[i], acc[g][i])
				}
			}
		}
		if column < columns-1 {
			ADDQ(step, off)
		}
	}
	ADDQ(I32(int32(4*k.width*k.size)), w)
	ADDQ(U8(4*wordSize), rows)
	DECQ(k.quads)
	JNE(LabelRef(again))
	k.store(acc)
}

// interleaved returns the four vectors of a column's rows.
func (k *depthwiseKernel) interleaved(row [4]gp, off gp) (q [4]vec) {
	var x [4]vec
	for y := range x {
		x[y] = k.vec()
		VMOVDQU8_Z(Mem{Base: row[y], Index: off, Scale: 1}, k.mask, x[y])
	}
	var pairs [4]vec
	for i := range pairs {
		pairs[i], q[i] = k.vec(), k.vec()
	}
	VPUNPCKLBW(x[1], x[0], pairs[0])
	VPUNPCKHBW(x[1], x[0], pairs[1])
	VPUNPCKLBW(x[3], x[2], pairs[2])
	VPUNPCKHBW(x[3], x[2], pairs[3])
	VPUNPCKLWD(pairs[2], pairs[0], q[0])
	VPUNPCKHWD(pairs[2], pairs[0], q[1])
	VPUNPCKLWD(pairs[3], pairs[1], q[2])
	VPUNPCKHWD(pairs[3], pairs[1], q[3])
	return q
}

// store emits the store of windows.
func (k *depthwiseKernel) store(acc [][4]vec) {
	scale, dst, step := field("scale"), GP64(), field("DstStep")
	MOVQ(k.dst, dst)
	for i := range 4 {
		s := k.vec()
		VMOVUPS(Mem{Base: scale, Disp: i * k.size}, s)
		for g := range acc {
			x := acc[g][i]
			VCVTDQ2PS(x, x)
			VMULPS(s, x, x)
			VMINPS(k.high, x, x)
			VCVTPS2DQ(x, x)
		}
	}
	var bytes []vec
	for g := range acc {
		bytes = append(bytes, k.toBytes(k.vec, acc[g][:]))
	}
	part, done := uniqueLabel("part"), uniqueLabel("stored")
	CMPQ(field("valid"), U8(uint8(k.size)))
	JNE(LabelRef(part))
	for g, x := range bytes {
		VMOVDQU8(x, Mem{Base: dst})
		if g < len(bytes)-1 {
			ADDQ(step, dst)
		}
	}
	JMP(LabelRef(done))
	Label(part)
	for g, x := range bytes {
		VMOVDQU8(x, k.mask, Mem{Base: dst})
		if g < len(bytes)-1 {
			ADDQ(step, dst)
		}
	}
	Label(done)
}
