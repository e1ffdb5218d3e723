//go:build unix

package command

import (
	"os"
	"syscall"
)

// EndingSignals are those that end a process unless it catches them, and that ask
// it to stop or may do so: batch systems send SIGUSR1, SIGUSR2 or SIGXCPU before
// the time is up. The others report mistakes of the program itself.
var EndingSignals = []os.Signal{
	os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGVTALRM, syscall.SIGXCPU,
}

// insistentSignals end the program at once if they come second.
var insistentSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// brokenPipe comes from writing what nobody reads.
var brokenPipe os.Signal = syscall.SIGPIPE

// hangup asks servers to load their files again.
var hangup os.Signal = syscall.SIGHUP
