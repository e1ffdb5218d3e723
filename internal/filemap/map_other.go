//go:build !unix

package filemap

import (
	"io"
	"os"
)

// mapFile reads the file.
func mapFile(f *os.File, size int) (*Mapping, error) {
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, int64(size)), b); err != nil {
		return nil, err
	}
	return &Mapping{Bytes: b}, nil
}

// release does nothing: there is no mapping.
func release([]byte) {}
