package main

import "fmt"

// Go's assembler lacks most instructions on vectors of floats. They are emitted as
// numbers, made from the encodings of the Arm Architecture Reference Manual
// (section C7.2, "Alphabetical list of A64 Advanced SIMD and floating-point
// instructions"), with the instruction in Arm's notation as a comment.

// encoding is an instruction without its registers.
type encoding struct {
	name string
	bits uint32
}

// Instructions on four lanes of three registers: d = n op m.
var (
	fadd  = encoding{"fadd", 0x4e20d400}
	fsub  = encoding{"fsub", 0x4ea0d400}
	fmul  = encoding{"fmul", 0x6e20dc00}
	fdiv  = encoding{"fdiv", 0x6e20fc00}
	fmax  = encoding{"fmax", 0x4e20f400} // NaN if either is NaN; −0 < +0
	fmin  = encoding{"fmin", 0x4ea0f400}
	fcmeq = encoding{"fcmeq", 0x4e20e400} // all bits of the lane if n = m, else none
	fcmgt = encoding{"fcmgt", 0x6ea0e400}
	fcmge = encoding{"fcmge", 0x6e20e400}
	mul   = encoding{"mul", 0x4ea09c00}
	cmhi  = encoding{"cmhi", 0x6ea03400} // n > m, unsigned
)

// Instructions on four lanes of two registers: d = op n.
var (
	fsqrt     = encoding{"fsqrt", 0x6ea1f800}
	fneg      = encoding{"fneg", 0x6ea0f800}
	fabs      = encoding{"fabs", 0x4ea0f800}
	frintn    = encoding{"frintn", 0x4e218800} // to the nearest whole number, the even one of two
	scvtf     = encoding{"scvtf", 0x4e21d800}  // int32 to float32
	fcmgtZero = encoding{"fcmgt", 0x4ea0c800}  // against zero
	fcmgeZero = encoding{"fcmge", 0x6ea0c800}
	fcmeqZero = encoding{"fcmeq", 0x4ea0d800}
	fcmltZero = encoding{"fcmlt", 0x4ea0e800}
)

// Instructions on all bits of three registers.
var (
	bic = encoding{"bic", 0x4e601c00} // n ∧ ¬m
	orn = encoding{"orn", 0x4ee01c00} // n ∨ ¬m
)

// Instructions on four lanes of n and one lane of m.
var (
	fmlaElem = encoding{"fmla", 0x4f801000} // d += n·m[i]
	fmlsElem = encoding{"fmls", 0x4f805000} // d −= n·m[i]
	fmulElem = encoding{"fmul", 0x4f809000}
)

var (
	fmaxv = encoding{"fmaxv", 0x6e30f800} // the largest lane of n
	sshr  = encoding{"sshr", 0x4f000400}  // by a constant, with sign
	ldrQ  = encoding{"ldr", 0x3ce06800}   // four floats at base + index
	fmov  = encoding{"fmov", 0x4f00f400}  // an immediate in all lanes
)

// three encodes an instruction on three registers.
func (e encoding) three(d, n, m int) uint32 {
	return e.bits | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
}

// two encodes an instruction on two registers.
func (e encoding) two(d, n int) uint32 { return e.three(d, n, 0) }

// elem encodes an instruction on two registers and a lane of a third. The lane's
// number is split: its high bit is H, bit 11, its low bit L, bit 21.
func (e encoding) elem(d, n, m, lane int) uint32 {
	return e.three(d, n, m) | uint32(lane&1)<<21 | uint32(lane>>1)<<11
}

// right encodes a shift of 32-bit lanes to the right by 1 to 32 bits.
func (e encoding) right(d, n, by int) uint32 {
	return e.two(d, n) | uint32(64-by)<<16
}

// immediateSix is 6 as an immediate: exponent 2, fraction 8/16.
const immediateSix = 0b0_001_1000

// immediate encodes a move of an 8-bit immediate, whose upper three bits are
// apart from the others.
func (e encoding) immediate(d, imm int) uint32 {
	return e.bits | uint32(imm>>5)<<16 | uint32(imm&31)<<5 | uint32(d)
}

// sixes returns a new register with 6 in all lanes, for where none can be spared
// for a constant through the whole function.
func sixes() vec {
	return into(func(d vec) {
		raw([]operand{d}, func() (uint32, string) {
			return fmov.immediate(d.number, immediateSix), fmt.Sprintf("fmov v%d.4s, #6.0", d.number)
		})
	})
}

// raw emits a number as an instruction, with its meaning as a comment.
func raw(operands []operand, write func() (bits uint32, meaning string)) {
	push(instruction{operands: operands, write: func() string {
		bits, meaning := write()
		return fmt.Sprintf("\tWORD\t$0x%08x // %s", bits, meaning)
	}})
}

// lanewise emits d = n op m on four lanes.
func lanewise(e encoding, d, n, m vec) {
	raw([]operand{d, n, m}, func() (uint32, string) {
		return e.three(d.number, n.number, m.number), fmt.Sprintf("%s v%d.4s, v%d.4s, v%d.4s", e.name, d.number, n.number, m.number)
	})
}

// bitwise emits d = n op m on all bits.
func bitwise(e encoding, d, n, m vec) {
	raw([]operand{d, n, m}, func() (uint32, string) {
		return e.three(d.number, n.number, m.number), fmt.Sprintf("%s v%d.16b, v%d.16b, v%d.16b", e.name, d.number, n.number, m.number)
	})
}

// single emits d = op n on four lanes.
func single(e encoding, d, n vec) {
	raw([]operand{d, n}, func() (uint32, string) {
		return e.two(d.number, n.number), fmt.Sprintf("%s v%d.4s, v%d.4s", e.name, d.number, n.number)
	})
}

// withZero emits a comparison of n with zero.
func withZero(e encoding, d, n vec) {
	raw([]operand{d, n}, func() (uint32, string) {
		return e.two(d.number, n.number), fmt.Sprintf("%s v%d.4s, v%d.4s, #0.0", e.name, d.number, n.number)
	})
}

// byLane emits d = d op n·m[lane], or d = n·m[lane].
func byLane(e encoding, d, n, m vec, lane int) {
	raw([]operand{d, n, m}, func() (uint32, string) {
		return e.elem(d.number, n.number, m.number, lane),
			fmt.Sprintf("%s v%d.4s, v%d.4s, v%d.s[%d]", e.name, d.number, n.number, m.number, lane)
	})
}

// acrossLanes emits the reduction of the lanes of n to the lowest one of d.
func acrossLanes(e encoding, d, n vec) {
	raw([]operand{d, n}, func() (uint32, string) {
		return e.two(d.number, n.number), fmt.Sprintf("%s s%d, v%d.4s", e.name, d.number, n.number)
	})
}

// loadAt emits the load of four floats at base + index bytes.
func loadAt(d vec, base, index gp) {
	raw([]operand{d, base, index}, func() (uint32, string) {
		return ldrQ.three(d.number, base.number, index.number), fmt.Sprintf("ldr q%d, [x%d, x%d]", d.number, base.number, index.number)
	})
}

// shiftText is the notation of a shift to the right.
func shiftText(d, n vec, by int) string {
	return fmt.Sprintf("%s v%d.4s, v%d.4s, #%d", sshr.name, d.number, n.number, by)
}
