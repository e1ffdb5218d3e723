package subprocess

import (
	"encoding/binary"
	"fmt"
	"os"

	"github.com/strideml/stride/internal/rawnum"
)

// WriteFloats writes numbers to a file, little-endian and nothing else, as numpy.fromfile
// reads them.
func WriteFloats(path string, x []float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := rawnum.Write(f, x); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// ReadFloats reads a file that has n numbers, little-endian, and nothing else, as
// numpy.ndarray.tofile writes them.
func ReadFloats(path string, n int) ([]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != 4*int64(n) {
		return nil, fmt.Errorf("%s has %d bytes, want %d numbers of 4 bytes", path, info.Size(), n)
	}
	x, err := rawnum.Read(f, rawnum.Float32, binary.LittleEndian, n, true)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}
