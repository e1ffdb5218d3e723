//go:build !unix

package command

import (
	"os"
	"syscall"
)

// EndingSignals are those that end a process. On Windows, SIGTERM is also what
// comes when the console window is closed, and at logoff and shutdown.
var EndingSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// insistentSignals end the program at once if they come second.
var insistentSignals = EndingSignals

// brokenPipe does not exist here: a write fails instead.
var brokenPipe os.Signal

// hangup does not exist here.
var hangup os.Signal
