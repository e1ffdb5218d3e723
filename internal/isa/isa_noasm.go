//go:build noasm || (!amd64 && !arm64)

package isa

// There is no assembly for other architectures, nor with the build tag noasm. The
// compiler drops what depends on these constants.
const (
	haveAVX2, haveAVX512, HaveNEON = false, false, false
	UseSIMD, UseAVX2, UseAVX512    = false, false, false
	UseBF16                        = false

	UseAVX512VNNI, UseAVXVNNI, UseDotProd = false, false, false
)

// use makes kernels dispatch to an instruction set.
func use(isa string) { current = isa }
