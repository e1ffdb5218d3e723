package mpi

import "time"

// Options are how to open MPI. The zero value is right for most.
type Options struct {
	// Library is the file of the MPI library, or its name for the loader. By default
	// it is $STRIDE_MPI, and if that is empty the library that belongs to the
	// launcher: beside mpirun, in the usual folders, in the loader's path.
	Library string
	// Timeout is how long a call waits while nothing arrives and nothing can be sent,
	// 5 minutes by default. It must be longer than the ranks may be apart, for example
	// while one of them writes a checkpoint.
	Timeout time.Duration
	// Pause is the longest time between two looks whether something has come, 100 µs
	// by default. Longer leaves more of the processor to the computation, shorter
	// moves more bytes per second.
	Pause time.Duration
}

const (
	defaultTimeout = 5 * time.Minute
	defaultPause   = 100 * time.Microsecond
)

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Pause <= 0 {
		o.Pause = defaultPause
	}
	return o
}
