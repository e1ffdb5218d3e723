//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// chmodMatters says whether failing to copy permissions is an error.
const chmodMatters = true

// syncDir flushes a folder, so that a rename in it survives a crash. File
// systems that cannot do this say so with EINVAL or ENOTSUP, which is fine.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil // a folder that may be written but not listed
		}
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
