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

// Dot products of bytes: in registers of 512 bits, with what the kernels of 8-bit integers
// need beside them, and in those of 256 bits.
var (
	haveAVX512VNNI = haveAVX512 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VNNI && cpu.X86.HasAVX512VBMI
	haveAVXVNNI    = haveAVX2 && cpu.X86.HasAVXVNNI
)

// HaveNEON is false: NEON is arm64's.
const HaveNEON = false

// What kernels dispatch to. Only [Set] changes it.
var (
	UseSIMD   bool // assembly that arm64 has too: names with SIMD
	UseAVX2   bool // assembly that only amd64 has: names with AVX2; set with UseSIMD
	UseAVX512 bool // names with AVX512; set with the other two
	UseBF16   bool // sums of products of bfloat16, by AVX512_BF16; never set without UseAVX512

	UseAVX512VNNI bool // names with AVX512 that need VNNI, VBMI and BW; only with UseAVX512
	UseAVXVNNI    bool // names with AVXVNNI; only with UseAVX2
)

// UseDotProd is for arm64.
const UseDotProd = false

// use makes kernels dispatch to an instruction set.
func use(isa string) {
	current = isa
	UseSIMD, UseAVX2, UseAVX512 = isa != Generic, isa != Generic, isa == AVX512
	UseBF16 = UseAVX512 && haveBF16
	UseAVX512VNNI, UseAVXVNNI = UseAVX512 && haveAVX512VNNI && !withoutDot, UseAVX2 && haveAVXVNNI && !withoutDot
}
