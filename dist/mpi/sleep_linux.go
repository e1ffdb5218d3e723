//go:build amd64 || arm64

package mpi

import (
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleep makes short pauses of this thread precise: by default Linux may make
// them 50 µs longer.
func preciseSleep() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) } // without it pauses are longer

// sleep pauses this thread. time.Sleep would let another thread wake it up, which costs
// more than the pauses are long.
func sleep(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal may end it early
}
