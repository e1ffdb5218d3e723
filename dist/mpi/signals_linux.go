//go:build amd64 || arm64

package mpi

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A sigaction is what the kernel does at a signal, as it stands in the kernel.
type sigaction [8]uint64

// faults are the signals from which Go makes panics.
var faults = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGABRT, unix.SIGTRAP}

// keepFaults runs f and takes back from it the signals by which Go notices faults:
// UCX, which some MPI libraries load, ends the program at a nil pointer that Go code
// would recover from.
func keepFaults(f func() error) error {
	actions := make([]sigaction, len(faults))
	for i, s := range faults {
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), 0, uintptr(unsafe.Pointer(&actions[i])), 8, 0, 0)
	}
	err := f()
	for i, s := range faults {
		_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&actions[i])), 0, 8, 0, 0)
	}
	return err
}
