//go:build !noasm

package isa

// HaveNEON is true: NEON is part of arm64.
const HaveNEON = true

const haveAVX2, haveAVX512 = false, false

// UseSIMD says whether kernels dispatch to assembly, which is NEON's here. Only [Set]
// changes it.
var UseSIMD bool

// UseAVX2, UseAVX512 and UseBF16 are for the kernels that amd64 alone has.
const UseAVX2, UseAVX512, UseBF16 = false, false, false

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	UseSIMD = isa != Generic
}
