package engine

import (
	"fmt"
	"io"
)

// Programs may have more abilities than Run and Close. Each is an interface,
// and a caller asks for it by a type assertion or by one of the functions
// below. engine/cpu has them all, engine/reference none.
//
// What a device can be told when it is made, such as its number of threads or
// which algorithms it may use, is in the options of its package.

// A MemoryPlanner is a Program that plans its memory when it is compiled, and
// so knows it before it has run.
type MemoryPlanner interface {
	// MemoryBytes is the size of the memory that the program needs, in bytes,
	// beside its inputs, its outputs and the variables. Programs of one device
	// may share a part of it.
	MemoryBytes() int64
	// KeptBytes is the part of MemoryBytes that the program keeps between runs
	// and shares with no other.
	KeptBytes() int64
	// MemoryUse says what needs the memory. It fails once the program is
	// closed.
	MemoryUse() (*MemoryUse, error)
}

// A ReductionOrderer is a Program that knows the order in which it adds up the
// terms of its sums, which decides how results are rounded.
type ReductionOrderer interface {
	// ReductionOrder is a hash of that order. Two programs that are compiled
	// for the same values by devices of one kind compute the same bits if, and
	// in general only if, their orders are equal.
	ReductionOrder() uint64
}

// A Profiler is a Program that can measure where it spends its time.
type Profiler interface {
	// StartProfile times each stage of every run until stop is called. A
	// program that is not profiled loses no time. It fails once the program is
	// closed.
	StartProfile() (stop func() *Profile, err error)
}

// A Tracer is a Program that can record what its workers do.
type Tracer interface {
	// StartTrace records each task of the next run: which worker did it, from
	// when to when. stop ends that and writes what was recorded as Chrome trace
	// events in JSON, which chrome://tracing and ui.perfetto.dev draw with a row
	// for each worker. It fails once the program is closed.
	StartTrace() (stop func(w io.Writer) error, err error)
}

// A Replicator is a Program that can be had on another device, too.
type Replicator interface {
	// Replicate returns a program for a device of the same package that computes
	// the same bits. The two share what does not change between runs, such as
	// packed weights, and may run at the same time, as long as nobody changes a
	// variable meanwhile. Each is closed by itself.
	Replicate(d Device) (Program, error)
}

// A Batcher is a Program that can be had for batches of other sizes.
type Batcher interface {
	// AnyBatch returns a program for a device of the same package that computes
	// batches of every size that is a multiple of samples, which is at most the size
	// of this program's batch and divides it. The program takes and returns tensors
	// whose first size is that of the batch, for the inputs and outputs of this
	// program. It computes so many samples at a time, with the bits that this program
	// gives them, so that those of a sample do not depend on how large the batch is.
	//
	// The two programs share what does not change between runs, such as packed
	// weights, and each is closed by itself, as those of a Replicator. AnyBatch fails
	// if the samples of a batch are not computed independently of each other.
	AnyBatch(d Device) (p Program, samples int, err error)
}

// A KeptSharer is a Program that can share what it keeps between runs with a program that is compiled
// for other shapes.
type KeptSharer interface {
	// ShareKept makes the program use what another program of the same package keeps, such as
	// packed weights, where both keep the same of the same variables, and returns how many bytes
	// that saves. It must be called before the program runs and before others are made of it by a
	// Replicator or a Batcher. Each of the programs may be closed first, and they may run at
	// the same time.
	ShareKept(with Program) (bytes int64, err error)
}

// A VariableReleaser is a Program that can do without the values of variables of which it
// keeps a copy in another form, such as packed weights.
type VariableReleaser interface {
	// ReleaseVariables makes the program release the values of such variables, by
	// tensor.Tensor.Release, as soon as it has the copy: during its next run, if it has not
	// run yet. That keeps the weights of a network for inference from being in memory twice.
	// Where what was released is a good part of the Go heap, the run calls
	// debug.FreeOSMemory, so that the memory goes back to the system at once.
	//
	// Nobody else may use those variables afterwards: programs that need their values fail,
	// and so does this one when one of them is said to have changed. Programs that were made
	// of this one by a Replicator or a Batcher go on. It is an error if the program assigns
	// to variables.
	ReleaseVariables() error
	// ReleasedBytes is the size of what was released so far.
	ReleasedBytes() int64
}

// StartProfile is Profiler.StartProfile, with an error for programs that cannot
// be profiled.
func StartProfile(p Program) (stop func() *Profile, err error) {
	if q, ok := p.(Profiler); ok {
		return q.StartProfile()
	}
	return nil, fmt.Errorf("this engine does not profile its programs (%T)", p)
}

// StartTrace is Tracer.StartTrace, with an error for programs that cannot be
// traced.
func StartTrace(p Program) (stop func(w io.Writer) error, err error) {
	if q, ok := p.(Tracer); ok {
		return q.StartTrace()
	}
	return nil, fmt.Errorf("this engine does not trace its programs (%T)", p)
}

// Memory is MemoryPlanner.MemoryUse, with an error for programs that do not plan
// their memory.
func Memory(p Program) (*MemoryUse, error) {
	if q, ok := p.(MemoryPlanner); ok {
		return q.MemoryUse()
	}
	return nil, fmt.Errorf("this engine does not plan the memory of its programs (%T)", p)
}
