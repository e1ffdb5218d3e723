package exec

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A thread that leaves its processor is on another one, and may run on all of them as before.
func TestLeaveProcessor(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, pinned, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil || before.Count() < 2 {
		t.Skip("needs two processors")
	}
	// On one processor there is nowhere to go.
	pinned.Set(processor())
	if err := unix.SchedSetaffinity(0, &pinned); err != nil {
		t.Skip(err)
	}
	at := processor()
	leaveProcessor()
	if now := processor(); now != at {
		t.Errorf("went from processor %d to %d, which it may not run on", at, now)
	}
	// On the way it may come back by itself, as any thread; not each time.
	if err := unix.SchedSetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	left := false
	for range 100 {
		at := processor()
		leaveProcessor()
		left = left || processor() != at
	}
	if !left {
		t.Error("stayed on its processor 100 times")
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("may run on other processors than before: %v", err)
	}
}
