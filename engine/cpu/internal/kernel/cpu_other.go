//go:build !amd64 && !arm64

package kernel

// There are no assembly kernels for other architectures.
const (
	haveAVX2   = false
	haveAVX512 = false
	haveNEON   = false
)
