package exec

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leaveProcessor moves the caller's thread to another processor, if there is one that it
// may run on.
func leaveProcessor() {
	runtime.LockOSThread() // both calls are for the same thread
	defer runtime.UnlockOSThread()
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil || allowed.Count() < 2 {
		return
	}
	others := allowed
	others.Clear(processor())
	if unix.SchedSetaffinity(0, &others) == nil {
		_ = unix.SchedSetaffinity(0, &allowed) // for the time to come
	}
}

// processor returns the number of the processor that runs the caller, −1 if the system does
// not say.
func processor() int {
	var number uint32
	if _, _, failed := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&number)), 0, 0); failed != 0 {
		return -1
	}
	return int(number)
}
