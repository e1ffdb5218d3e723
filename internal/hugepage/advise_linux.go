package hugepage

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// advise asks for huge pages for those that lie whole within b, which is longer than two.
func advise(b []byte) {
	before := int(-uintptr(unsafe.Pointer(&b[0])) % size)
	whole := (len(b) - before) / size * size
	_ = unix.Madvise(b[before:before+whole], unix.MADV_HUGEPAGE) // only a hint
}
