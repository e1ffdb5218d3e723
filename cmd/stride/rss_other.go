//go:build !linux

package main

// peakRSS returns 0: how much memory a process has had is measured on Linux
// only.
func peakRSS() int64 { return 0 }

func resetPeakRSS() {}
