package runfolder

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock locks an open file against all other open files, in this process too,
// until it is closed; one that is not exclusive lets others in that are not. It
// does not wait. Others cannot read what is locked here, so the lock is on a byte
// behind the text.
func lock(f *os.File, exclusive bool) error {
	const behind = 1 << 30
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how,
		0, 1, 0, &windows.Overlapped{Offset: behind})
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION), errors.Is(err, windows.ERROR_IO_PENDING):
		return errLocked
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return errNoLocks
	}
	return err
}
