//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package runfolder

import (
	"errors"
	"os"
	"syscall"
)

// lock locks an open file against all other open files, in this process too,
// until it is closed; one that is not exclusive lets others in that are not. It
// does not wait.
func lock(f *os.File, exclusive bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		case errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.ENOLCK):
			return errNoLocks
		}
		return err
	}
}
