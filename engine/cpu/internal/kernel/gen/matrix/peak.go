package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// peakKernel emits the loop that measures the machine's limit: 12 independent
// multiply-adds a turn, the sum of a tile without its loads. Each chain tends to
// s = s/2 + 1, so that no number overflows or becomes denormal.
func peakKernel() {
	TEXT("peakSIMD", NOSPLIT, "func(iters int) float32")
	n := Load(Param("iters"), GP64())

	const one, half = 0x3f800000, 0x3f000000
	c, m := broadcast(one), broadcast(half)
	sums := make([]reg.VecVirtual, 12)
	for i := range sums {
		sums[i] = YMM()
		VMOVAPS(c, sums[i])
	}
	TESTQ(n, n)
	JLE(LabelRef("done"))
	Label("turn")
	for _, s := range sums {
		VFMADD213PS(c, m, s) // s = m·s + c
	}
	DECQ(n)
	JNE(LabelRef("turn"))

	Label("done")
	for _, s := range sums[1:] {
		VADDPS(s, sums[0], sums[0])
	}
	Store(sums[0].AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// broadcast fills a vector with the float of the given bits.
func broadcast(bits uint32) reg.VecVirtual {
	x, g := YMM(), GP32()
	MOVL(U32(bits), g)
	MOVD(g, x.AsX())
	VBROADCASTSS(x.AsX(), x)
	return x
}
