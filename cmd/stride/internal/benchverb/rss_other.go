//go:build !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly

package benchverb

// peakRSS returns 0: this system does not say how much memory a process has
// had.
func peakRSS() int64 { return 0 }

func resetPeakRSS() {}
