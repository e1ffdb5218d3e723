//go:build !noasm

package kernel

// haveNEON is true: NEON is part of arm64.
const haveNEON = true

const haveAVX2, haveAVX512 = false, false

// useSIMD says whether kernels dispatch to assembly, which is NEON's here.
var useSIMD bool

const useAVX2, useAVX512 = false, false

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	useSIMD = isa != ISAGeneric
}
