//go:build !noasm

package isa

import "golang.org/x/sys/cpu"

// HaveNEON is true: NEON is part of arm64.
const HaveNEON = true

const haveAVX2, haveAVX512 = false, false

// haveDotProd says whether this CPU has SDOT, dot products of bytes: all since Armv8.4, most since 8.2.
var haveDotProd = cpu.ARM64.HasASIMDDP

// UseDotProd says whether kernels may use SDOT.
var UseDotProd bool

// UseSIMD says whether kernels dispatch to assembly, which is NEON's here. Only [Set]
// changes it.
var UseSIMD bool

// UseAVX2, UseAVX512, UseBF16, UseAVX512VNNI and UseAVXVNNI are for the kernels that amd64 alone has.
const UseAVX2, UseAVX512, UseBF16, UseAVX512VNNI, UseAVXVNNI = false, false, false, false, false

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	UseSIMD = isa != Generic
	UseDotProd = UseSIMD && haveDotProd && !withoutDot
}
