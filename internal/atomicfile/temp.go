package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// createTemp makes a new file next to its target. Unlike [os.CreateTemp] it
// asks for mode 0o644 and leaves the rest to the umask, as a program that
// creates an ordinary file does.
func createTemp(dir, base string) (*os.File, error) {
	if len(base) > 64 { // leave room in the file system's limit on names
		base = base[:64]
	}
	for range 1000 {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return f, err
	}
	return nil, fmt.Errorf("no free name for a temporary file in %s", dir)
}
