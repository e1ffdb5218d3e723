//go:build noasm || (!amd64 && !arm64)

package kernel

// There is no assembly for other architectures, nor with the build tag noasm. The
// compiler drops what depends on these constants.
const (
	haveAVX2, haveAVX512, haveNEON = false, false, false
	useSIMD, useAVX2, useAVX512    = false, false, false
)

// use makes kernels dispatch to an instruction set.
func use(isa string) { current = isa }
