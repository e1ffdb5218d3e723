//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package runfolder

import "os"

// lock does nothing: these systems have one process, or no locks in the
// standard library.
func lock(*os.File, bool) error { return errNoLocks }
