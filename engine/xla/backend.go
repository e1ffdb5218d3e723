package xla

import (
	"github.com/strideml/stride/engine/xla/internal/lower"
)

// A backend is what this package needs of a plugin's client. There is one for pjrt;
// tests have another.
type backend interface {
	// put copies data to the devices: whole to each, or split along the first axis. The
	// caller may change data afterwards.
	put(data []float32, shape []int, split bool) (array, error)
	// compile compiles a module.
	compile(m *lower.Module) (executable, error)
	// close gives the client up. What was made of it stays usable until it is closed.
	close()
}

// An array is a tensor on the devices.
type array interface {
	// get begins to copy the array to the host.
	get(into []float32) (event, error)
	// deleted reports whether an execution has taken the array's memory.
	deleted() bool
	// close releases the array. Executions and copies that use it go on.
	close()
}

// An event is something that happens on the devices.
type event interface {
	// Await returns when it has happened, or failed.
	Await() error
}

// An executable is a compiled program.
type executable interface {
	// execute begins an execution and returns its results, which may be used at once
	// as arguments. done happens when it has ended. It may be called by one goroutine at a time.
	execute(arguments []array) (results []array, done event, err error)
	// temporary is the memory that an execution takes beside its arguments and results,
	// on each device, in bytes; it is false if the plugin does not say.
	temporary() (int64, bool)
	close()
}
