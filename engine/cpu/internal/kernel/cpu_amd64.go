package kernel

import "golang.org/x/sys/cpu"

// haveAVX2 says whether this CPU, and the operating system, can run the AVX2
// kernels.
var haveAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// haveNEON is false on every architecture but arm64.
const haveNEON = false
