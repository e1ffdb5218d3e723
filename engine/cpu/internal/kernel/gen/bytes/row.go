package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// lanes is the number of bytes of a register.
const lanes = 32

// overRow emits a loop over n samples, lanes of them a turn; n is at least lanes. at is the
// first sample of a turn.
func overRow(n gp, body func(at gp)) {
	at, last := GP64(), GP64()
	XORQ(at, at)
	LEAQ(Mem{Base: n, Disp: -lanes}, last)
	Label("row")
	body(at)
	CMPQ(at, last)
	JEQ(LabelRef("end"))
	ADDQ(U8(lanes), at)
	CMPQ(at, last)
	CMOVQGT(last, at)
	JMP(LabelRef("row"))
	Label("end")
}

// sample returns the place of sample at+disp.
func sample(base, at gp, disp int) Mem { return Mem{Base: base, Index: at, Scale: 1, Disp: disp} }

// halves are the functions that interleave the lower and the upper halves of each 16 bytes.
var halves = []func(vec, Op) vec{low8, high8}

// storeHalves stores two registers whose 16-byte parts are the first and third, and the
// second and fourth, of 64 bytes.
func storeHalves(v [2]vec, to func(disp int) Mem) {
	for half, x := range v {
		VMOVDQU(x.AsX(), to(16*half))
		VEXTRACTI128(U8(1), x, to(32+16*half))
	}
}
