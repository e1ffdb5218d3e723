package main

import (
	"fmt"
	"log"
)

// What kernels on pictures of 8 bits need beyond the others: lanes of 16 and of 8 bits.
// Names are those of the instructions.

func (v vec) h8() form  { return form{v, "H8"} }
func (v vec) low() form { return form{v, "D[0]"} }

// Instructions on two or three registers; those whose names end in 2 work on the upper
// halves of wide registers.
var (
	mulH    = encoding{"mul.8h", 0x4e609c00}
	sqxtn   = encoding{"sqxtn.4h", 0x0e614800} // 32 to 16 bits
	sqxtn2  = encoding{"sqxtn2.8h", 0x4e614800}
	sqxtnB  = encoding{"sqxtn.8b", 0x0e214800} // 16 to 8 bits
	sqxtnB2 = encoding{"sqxtn2.16b", 0x4e214800}
	sqxtun  = encoding{"sqxtun.8b", 0x2e212800}
	sqxtun2 = encoding{"sqxtun2.16b", 0x6e212800}
	smull   = encoding{"smull.4s", 0x0e60c000} // 16 to 32 bits
	smull2  = encoding{"smull2.4s", 0x4e60c000}
	umull   = encoding{"umull.8h", 0x2e20c000} // bytes to 16 bits
	umull2  = encoding{"umull2.8h", 0x6e20c000}
	uaddw   = encoding{"uaddw.8h", 0x2e201000}
	uaddw2  = encoding{"uaddw2.8h", 0x6e201000}
	sqadd   = encoding{"sqadd.8h", 0x4e600c00}
	addB    = encoding{"add.16b", 0x4e208400}
	subB    = encoding{"sub.16b", 0x6e208400}
	urhaddB = encoding{"urhadd.16b", 0x6e201400} // the mean, rounded up
	uminH   = encoding{"umin.8h", 0x6e606c00}
	umaxH   = encoding{"umax.8h", 0x6e606400}
	cmgtH   = encoding{"cmgt.8h", 0x4e603400} // n > m, signed
	xtnB    = encoding{"xtn.8b", 0x0e212800}  // the lower bytes
	tbl     = encoding{"tbl.16b", 0x4e000000} // bytes of n, at the positions in m
)

// Instructions on a register and a lane of 16 bits of another one, to 32 bits.
var (
	smullElem  = encoding{"smull.4s", 0x0f40a000}
	smullElem2 = encoding{"smull2.4s", 0x4f40a000}
	smlalElem  = encoding{"smlal.4s", 0x0f402000}
	smlalElem2 = encoding{"smlal2.4s", 0x4f402000}
)

// Shifts by a constant, each with the width that the constant is counted from and whether it
// shifts to the left.
var (
	sqrshrn  = shifting{encoding{"sqrshrn.4h", 0x0f009c00}, 32, false} // 32 to 16 bits, rounded, limited
	sqrshrn2 = shifting{encoding{"sqrshrn2.8h", 0x4f009c00}, 32, false}
	rshrn    = shifting{encoding{"rshrn.4h", 0x0f008c00}, 32, false} // 32 to 16 bits, rounded
	rshrn2   = shifting{encoding{"rshrn2.8h", 0x4f008c00}, 32, false}
	rshrnB   = shifting{encoding{"rshrn.8b", 0x0f008c00}, 16, false}
	rshrnB2  = shifting{encoding{"rshrn2.16b", 0x4f008c00}, 16, false}
	shrnB    = shifting{encoding{"shrn.8b", 0x0f008400}, 16, false}
	shrnB2   = shifting{encoding{"shrn2.16b", 0x4f008400}, 16, false}
	srshr    = shifting{encoding{"srshr.4s", 0x4f002400}, 64, false} // rounded
	sshrH    = shifting{encoding{"sshr.8h", 0x4f000400}, 32, false}
	shlH     = shifting{encoding{"shl.8h", 0x4f005400}, 16, true}
	sshll    = shifting{encoding{"sshll.4s", 0x0f00a400}, 16, true} // 16 to 32 bits
	sshll2   = shifting{encoding{"sshll2.4s", 0x4f00a400}, 16, true}
	ushllB   = shifting{encoding{"ushll.8h", 0x2f00a400}, 8, true} // 8 to 16 bits
	ushllB2  = shifting{encoding{"ushll2.8h", 0x6f00a400}, 8, true}
)

type shifting struct {
	encoding
	base int
	left bool
}

// by encodes a shift.
func (s shifting) by(d, n, by int) uint32 {
	if s.left {
		return s.two(d, n) | uint32(s.base+by)<<16
	}
	return s.two(d, n) | uint32(s.base-by)<<16
}

// elemH encodes an instruction on n and a lane of 16 bits of m, which must be one of the
// first sixteen registers. The bits of the lane's number are H, L and M, apart.
func (e encoding) elemH(d, n, m, lane int) uint32 {
	if m > 15 {
		log.Fatalf("%s: the register of the lane is v%d", e.name, m)
	}
	return e.three(d, n, m) | uint32(lane>>2)<<11 | uint32(lane>>1&1)<<21 | uint32(lane&1)<<20
}

// on2 and on3 emit an instruction.
func on2(e encoding, d, n vec) {
	raw([]operand{d, n}, func() (uint32, string) {
		return e.two(d.number, n.number), fmt.Sprintf("%s v%d, v%d", e.name, d.number, n.number)
	})
}

func on3(e encoding, d, n, m vec) {
	raw([]operand{d, n, m}, func() (uint32, string) {
		return e.three(d.number, n.number, m.number), fmt.Sprintf("%s v%d, v%d, v%d", e.name, d.number, n.number, m.number)
	})
}

// shiftBy emits d = n shifted.
func shiftBy(s shifting, d, n vec, by int) {
	raw([]operand{d, n}, func() (uint32, string) {
		return s.by(d.number, n.number, by), fmt.Sprintf("%s v%d, v%d, #%d", s.name, d.number, n.number, by)
	})
}

// shiftedBy returns n shifted.
func shiftedBy(s shifting, n vec, by int) vec { return into(func(d vec) { shiftBy(s, d, n, by) }) }

// byHalf emits d = d op n·c, or d = n·c, for a constant of 16 bits.
func byHalf(e encoding, d, n vec, c int) {
	k := bits(uint32(uint16(c)))
	byLaneH(e, d, n, k.vec, 2*k.index)
}

// byLaneH emits d = d op n·m[lane], or d = n·m[lane], for a lane of 16 bits.
func byLaneH(e encoding, d, n, m vec, lane int) {
	raw([]operand{d, n, m}, func() (uint32, string) {
		return e.elemH(d.number, n.number, m.number, lane), fmt.Sprintf("%s v%d, v%d, v%d.h[%d]", e.name, d.number, n.number, m.number, lane)
	})
}

func plusH(a, b vec) vec  { return into(func(d vec) { ins("VADD", b.h8(), a.h8(), d.h8()) }) }
func minusH(a, b vec) vec { return into(func(d vec) { ins("VSUB", b.h8(), a.h8(), d.h8()) }) }

// A part is half of a register of narrow lanes: its name and the instructions for it.
type part struct {
	smull, smlal   encoding
	sshll          shifting
	sqrshrn, rshrn shifting
	sqxtn          encoding
	umull, uaddw   encoding
	ushll          shifting
	rshrnB, shrnB  shifting
	sqxtun         encoding
}

var parts = []part{
	{smullElem, smlalElem, sshll, sqrshrn, rshrn, sqxtn, umull, uaddw, ushllB, rshrnB, shrnB, sqxtun},
	{smullElem2, smlalElem2, sshll2, sqrshrn2, rshrn2, sqxtn2, umull2, uaddw2, ushllB2, rshrnB2, shrnB2, sqxtun2},
}

// dot returns the sum of products of numbers and constants.
func (p part) dot(terms ...term) vec {
	sum := newVec()
	for i, t := range terms {
		if i == 0 {
			byHalf(p.smull, sum, t.v, t.c)
		} else {
			byHalf(p.smlal, sum, t.v, t.c)
		}
	}
	return sum
}

type term struct {
	v vec
	c int
}

// zip returns the lanes of the lower (first) or upper halves of a and b in turn.
func zip(first bool, a, b vec, of func(vec) form) vec {
	name := "VZIP2"
	if first {
		name = "VZIP1"
	}
	return into(func(d vec) { ins(name, of(b), of(a), of(d)) })
}
