package cpu

import (
	"fmt"
	"io"
	"runtime"
	"sync"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/internal/isa"
)

// A Math says how exactly convolutions and matrix products are computed.
type Math int

const (
	// Float32 computes in float32 throughout.
	Float32 Math = iota
	// BF16 is mixed precision: the factors of convolutions and matrix products, and of their
	// derivatives, are rounded to bfloat16, which has 8 significant bits and the range of float32; their
	// products are added up in float32. All else is float32: values in memory, weights and their
	// updates, statistics and other sums, depthwise convolutions, softmax, losses. Products of few
	// terms, and those that are faster so, stay in float32; which ones depends on shapes only.
	//
	// It takes half the time where [BF16Error] is nil. Elsewhere programs compute the same
	// bits more than ten times slower than Float32 does, for tests.
	BF16
)

// BF16Error returns nil, or why [BF16] is slower than [Float32] here: the processor, or the kernels in use,
// have no instructions for it.
func BF16Error() error {
	if !isa.UseBF16 {
		return fmt.Errorf("the processor, or its kernels in use (%s), cannot multiply bfloat16: that takes AVX512_BF16", isa.Current())
	}
	return nil
}

// Options configures a Device.
type Options struct {
	// Threads is how many threads compute; 0 or less means GOMAXPROCS. It never
	// changes results.
	Threads int

	// Strict allows only direct sums: no Winograd convolutions, whose rounding
	// error is about twice that of direct ones.
	Strict bool

	// Math says how exactly convolutions and matrix products are computed.
	Math Math

	// Tuning, if it is not nil, chooses algorithms by measuring them when a
	// program is compiled. Without it they follow from shapes, so that results
	// are the same on all machines of one instruction set.
	Tuning *Tuning

	// Reducer, if it is not nil, makes the device a member of a group: it is what
	// graph.AllReduce adds up with. A group of one needs none. All members compile
	// programs for the same AllReduce operators, and run them in the same order. If a sum
	// fails, Run returns its error and leaves all variables as they were.
	Reducer engine.Reducer

	// Dump, if it is not nil, is where Compile prints the intermediate form after
	// each pass of the compiler, as text.
	Dump io.Writer
}

// Device is the CPU as an engine. It is safe for concurrent use. A nil *Device is
// Default().
type Device struct {
	workers *exec.Workers
	strict  bool
	math    Math
	tuning  *Tuning
	reducer engine.Reducer // nil for a group of one
	dump    io.Writer
	check   bool // verify the intermediate form after each pass
	shared  bool // it is Default's, which nobody closes
}

var _ engine.Device = (*Device)(nil)

// checkPasses makes all new devices verify the intermediate form after each
// pass. Tests set it.
var checkPasses bool

// New returns a Device with workers of its own. Close ends them, and so does the garbage
// collector when neither the Device nor a program of it is used any more.
func New(o Options) *Device {
	n := o.Threads
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	d := &Device{workers: exec.NewWorkers(n), strict: o.Strict, math: o.Math, tuning: o.Tuning, dump: o.Dump, check: checkPasses}
	if o.Reducer != nil && o.Reducer.Size() > 1 {
		d.reducer = o.Reducer
	}
	// The workers do not refer to the Device, so they end when the garbage collector
	// frees it.
	runtime.AddCleanup(d, func(w *exec.Workers) { w.Close() }, d.workers)
	return d
}

var shared = sync.OnceValue(func() *Device {
	d := New(Options{})
	d.shared = true
	return d
})

// Default returns the device that a nil engine.Device means throughout Stride: the
// cpu engine with all threads. All callers share one device, made at the first call
// with as many threads as GOMAXPROCS is then. Its Close does nothing.
func Default() *Device { return shared() }

// OrDefault returns d, or Default() where d is nil, a nil *Device included. Functions
// that take an engine.Device call it first.
func OrDefault(d engine.Device) engine.Device {
	switch own, ok := d.(*Device); {
	case d == nil:
		return Default()
	case ok:
		return own.orDefault()
	}
	return d
}

func (d *Device) orDefault() *Device {
	if d == nil {
		return Default()
	}
	return d
}

// Name returns "cpu".
func (d *Device) Name() string { return "cpu" }

// KernelsError returns why the kernels in use are not those that the environment
// variable STRIDE_KERNELS asks for: the processor lacks them, or there are none of
// that name. It is nil if they are, or if the variable is not set. Programs compute
// either way; the bits of results differ between kernels.
func KernelsError() error { return isa.SelectionError() }

// Description returns the instruction set and the number of threads.
func (d *Device) Description() string {
	s := fmt.Sprintf("%s kernels, %d threads", isa.Current(), d.Threads())
	if d.Threads() == 1 {
		s = s[:len(s)-1]
	}
	return s
}

// Threads returns the number of threads that compute.
func (d *Device) Threads() int { return d.orDefault().workers.Size() }

// Close ends the Device's workers, after the current run. Its programs still run, on one
// thread. The error is always nil.
func (d *Device) Close() error {
	if d != nil && !d.shared {
		d.workers.Close()
	}
	return nil
}
