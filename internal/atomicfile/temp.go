package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// createTemp makes a new file next to its target. Unlike [os.CreateTemp] it
// asks for mode 0o644 and leaves the rest to the umask, as a program that
// creates an ordinary file does.
func createTemp(dir, base string) (*os.File, error) {
	base = shortened(base)
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

// shortened leaves room in the file system's limit on names.
func shortened(base string) string { return base[:min(len(base), 64)] }

// RemoveHalf removes the temporary files that processes which were killed in
// [WriteFile] have left beside path. No process may be writing path.
func RemoveHalf(path string) error {
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		middle, found := strings.CutPrefix(entry.Name(), "."+shortened(filepath.Base(path))+".")
		middle, half := strings.CutSuffix(middle, ".tmp")
		if found && half && len(middle) == 8 && strings.Trim(middle, "0123456789abcdef") == "" {
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
