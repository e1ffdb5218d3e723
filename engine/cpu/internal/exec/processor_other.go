//go:build !linux

package exec

// leaveProcessor does nothing: only Linux lets a thread choose its processors.
func leaveProcessor() {}
