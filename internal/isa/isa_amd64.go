//go:build !noasm

package isa

import "golang.org/x/sys/cpu"

// haveAVX2, haveAVX512 and haveBF16 say whether this CPU, and the operating system, can run
// the AVX2 and the AVX-512 kernels, and those of the latter that compute in bfloat16.
var (
	haveAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	haveAVX512 = haveAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
	haveBF16   = haveAVX512 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512BF16
)

// HaveNEON is false: NEON is arm64's.
const HaveNEON = false

// What kernels dispatch to. Only [Set] changes it.
var (
	UseSIMD   bool // assembly that arm64 has too: names with SIMD
	UseAVX2   bool // assembly that only amd64 has: names with AVX2; set with UseSIMD
	UseAVX512 bool // names with AVX512; set with the other two
	UseBF16   bool // sums of products of bfloat16, by AVX512_BF16; never set without UseAVX512
)

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	UseSIMD, UseAVX2, UseAVX512 = isa != Generic, isa != Generic, isa == AVX512
	UseBF16 = UseAVX512 && haveBF16
}
