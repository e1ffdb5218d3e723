//go:build !noasm

package kernel

import "golang.org/x/sys/cpu"

// haveAVX2 and haveAVX512 say whether this CPU, and the operating system, can run
// the AVX2 and the AVX-512 kernels.
var (
	haveAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	haveAVX512 = haveAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
)

const haveNEON = false

// What kernels dispatch to.
var (
	useSIMD   bool // assembly that arm64 has too: names with SIMD
	useAVX2   bool // assembly that only amd64 has: names with AVX2; set with useSIMD
	useAVX512 bool // names with AVX512; set with the other two
)

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	useSIMD, useAVX2, useAVX512 = isa != ISAGeneric, isa != ISAGeneric, isa == ISAAVX512
}
