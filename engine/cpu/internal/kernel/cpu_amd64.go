package kernel

import "golang.org/x/sys/cpu"

// haveAVX2 and haveAVX512 say whether this CPU, and the operating system, can run
// the AVX2 and the AVX-512 kernels.
var (
	haveAVX2   = cpu.X86.HasAVX2 && cpu.X86.HasFMA
	haveAVX512 = haveAVX2 && cpu.X86.HasBMI2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512DQ
)

// haveNEON is false on every architecture but arm64.
const haveNEON = false
