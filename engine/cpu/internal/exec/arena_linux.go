package exec

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// An arena is memory outside of the Go heap, which the garbage collector neither scans
// nor counts.
type arena struct {
	bytes []byte
}

// hugePage is the size of a huge page in bytes.
const hugePage = 2 << 20

// mapped counts the bytes of all arenas.
var mapped atomic.Int64

// MappedBytes returns the memory that programs hold outside of the Go heap. Tests look for
// what nobody gave back.
func MappedBytes() int64 { return mapped.Load() }

// newArena allocates memory for a number of floats. It fails if the system refuses.
func newArena(floats int) (*arena, []float32, error) {
	if floats == 0 {
		return &arena{}, nil, nil
	}
	size := floats * 4
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot allocate %d MB for the memory plan: %w", size>>20, err)
	}
	if size >= hugePage {
		// Only a hint: without huge pages programs are slower, but right.
		_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	}
	mapped.Add(int64(size))
	return &arena{b}, floatsOf(b), nil
}

// free returns the memory to the system. Calling it again does nothing.
func (a *arena) free() error {
	if a.bytes == nil {
		return nil
	}
	b := a.bytes
	a.bytes = nil
	mapped.Add(-int64(len(b)))
	return unix.Munmap(b)
}
