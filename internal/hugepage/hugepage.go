// Package hugepage allocates large slices on the Go heap in huge pages, where the system has
// them. Writing to fresh memory of 4 KB pages for the first time takes several times as long as
// copying to it.
package hugepage

import "unsafe"

// size is that of a huge page in bytes.
const size = 2 << 20

// Floats is make([]float32, n). The contents have huge pages if they are large enough, and the
// system agrees.
func Floats(n int) []float32 {
	f := make([]float32, n)
	if n >= 2*size/4 {
		advise(unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*n))
	}
	return f
}
