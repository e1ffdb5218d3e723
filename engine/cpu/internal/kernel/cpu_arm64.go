package kernel

// haveAVX2 and haveAVX512 are false on every architecture but amd64.
const haveAVX2, haveAVX512 = false, false

// haveNEON is true: NEON is part of arm64.
const haveNEON = true

// The AVX-512 forms are never called.

func tileAVX512(*TileArgs)   { panic("kernel: no AVX-512 on arm64") }
func outerAVX512(*OuterArgs) { panic("kernel: no AVX-512 on arm64") }
