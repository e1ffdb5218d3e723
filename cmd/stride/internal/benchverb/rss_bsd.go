//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package benchverb

import (
	"runtime"
	"syscall"
)

// peakRSS returns the most memory that this process has had, in bytes, or 0
// where the system does not say.
func peakRSS() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss)
	}
	return 1024 * int64(usage.Maxrss)
}

// resetPeakRSS does nothing: these systems cannot.
func resetPeakRSS() {}
