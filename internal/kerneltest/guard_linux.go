package kerneltest

import (
	"syscall"
	"testing"
	"unsafe"
)

// Guarded copies x to memory that ends where an unreadable page begins, so that a
// kernel that reads or writes beyond the end crashes the test.
func Guarded[T any](t *testing.T, x []T) []T {
	t.Helper()
	size := len(x) * int(unsafe.Sizeof(x[0]))
	page := syscall.Getpagesize()
	pages := (size + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, pages+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatalf("mmap: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(memory); err != nil {
			t.Errorf("munmap: %v", err)
		}
	})
	if err := syscall.Mprotect(memory[pages:], syscall.PROT_NONE); err != nil {
		t.Fatalf("mprotect: %v", err)
	}
	copied := unsafe.Slice((*T)(unsafe.Pointer(&memory[pages-size])), len(x))
	copy(copied, x)
	return copied
}
