//go:build unix

package filemap

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func mapFile(f *os.File, size int) (*Mapping, error) {
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot map the file: %w", f.Name(), err)
	}
	return &Mapping{b, unix.Munmap}, nil
}

// release lets the system take back the memory of whole pages of a mapping. Read again,
// they come from the file.
func release(b []byte) {
	_ = unix.Madvise(b, unix.MADV_DONTNEED) // where it fails, the memory stays until Close
}
