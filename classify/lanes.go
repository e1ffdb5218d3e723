package classify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// A lane is the network compiled for one image, on a device of its own.
type lane struct {
	device  engine.Device
	program engine.Program
	input   *graph.Node
}

// lanes are what the calls of a Classifier compute on: a wide lane, which uses
// all threads and is for a call that is alone, and as many narrow ones, which
// share the threads evenly, as calls have overlapped.
//
// There is a permit for each narrow lane. A call in the wide lane holds all of
// them, one in a narrow lane holds one, so that there are never more threads at
// work than there should be. The semaphore is fair: whoever comes first goes
// first.
type lanes struct {
	net      *nn.Model
	options  Options
	threads  int
	parallel int // narrow lanes at most
	permits  *semaphore.Weighted
	wide     *lane

	mu     sync.Mutex
	idle   []*lane // narrow ones that nobody uses, the last used last
	narrow []*lane // all of them
	calls  int     // that compute or wait
	crowd  int     // calls to come that are narrow even if they are alone
	closed bool
}

// afterCrowd is how many calls in a row must have met no other for the last of
// them to be wide. Callers that overlap do not do so at each call.
const afterCrowd = 8

var errClosed = errors.New("the classifier is closed")

// newLanes compiles the wide lane, so that errors show early.
func newLanes(net *nn.Model, o Options) (*lanes, error) {
	if own, ok := o.Device.(*cpu.Device); ok && own == nil {
		o.Device = nil
	}
	l := &lanes{net: net, options: o, threads: o.CPU.Threads}
	if l.threads <= 0 {
		l.threads = runtime.GOMAXPROCS(0)
	}
	if o.Device != nil {
		l.threads = 1
	}
	switch {
	case o.Parallel < 0:
		return nil, fmt.Errorf("%d calls side by side: want at least 1, or 0 for one on each thread", o.Parallel)
	case o.Parallel == 0:
		l.parallel = l.threads
	default:
		l.parallel = min(o.Parallel, l.threads)
	}
	l.permits = semaphore.NewWeighted(int64(l.parallel))
	var err error
	if l.wide, err = l.compile(l.threads); err != nil {
		return nil, err
	}
	if r, ok := l.wide.program.(engine.VariableReleaser); ok && o.TakeWeights {
		if err := r.ReleaseVariables(); err != nil {
			return nil, errors.Join(err, l.wide.program.Close(), l.release(l.wide.device))
		}
	}
	if l.parallel == 1 { // there is no difference
		l.narrow, l.idle = []*lane{l.wide}, []*lane{l.wide}
	}
	return l, nil
}

// compile makes a lane.
func (l *lanes) compile(threads int) (*lane, error) {
	t, err := l.net.Trace(1, nn.Eval)
	if err != nil {
		return nil, err
	}
	device := l.device(threads)
	program, err := device.Compile(t.Graph, t.Output)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compile the network: %w", err), l.release(device))
	}
	return &lane{device, program, t.Input}, nil
}

// narrower makes a lane of fewer threads, which shares the packed weights of the
// wide one, if the engine can do that.
func (l *lanes) narrower() (*lane, error) {
	threads := l.threads / l.parallel
	wide, ok := l.wide.program.(engine.Replicator)
	if !ok || l.options.Device != nil {
		return l.compile(threads)
	}
	device := l.device(threads)
	program, err := wide.Replicate(device)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("compile the network: %w", err), l.release(device))
	}
	return &lane{device, program, l.wide.input}, nil
}

// device returns the device of a lane.
func (l *lanes) device(threads int) engine.Device {
	if l.options.Device != nil {
		return l.options.Device
	}
	options := l.options.CPU
	options.Threads = threads
	return cpu.New(options)
}

// release closes a device that a lane has of its own.
func (l *lanes) release(device engine.Device) error {
	if own, ok := device.(*cpu.Device); ok && l.options.Device == nil {
		return own.Close()
	}
	return nil
}

// run computes the scores of one image. overlap says that other calls are about
// to come.
func (l *lanes) run(ctx context.Context, x, scores *tensor.Tensor, overlap bool) error {
	wide := l.enter(overlap)
	defer l.leave()
	permits := int64(1)
	if wide {
		permits = int64(l.parallel)
	}
	if err := l.permits.Acquire(ctx, permits); err != nil {
		return context.Cause(ctx)
	}
	defer l.permits.Release(permits)
	lane, err := l.take(wide)
	if err != nil {
		return err
	}
	defer l.give(lane)
	return lane.program.Run(engine.Feeds{lane.input: x}, []*tensor.Tensor{scores})
}

// enter counts a call and decides whether it is wide.
func (l *lanes) enter(overlap bool) (wide bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls > 0 || overlap {
		l.crowd = afterCrowd
	} else if l.crowd > 0 {
		l.crowd--
	}
	l.calls++
	return l.parallel > 1 && l.crowd == 0
}

func (l *lanes) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls--
}

// take returns a lane for a call that has its permits: then there is an idle one,
// or room for one more, which is compiled while other calls go on.
func (l *lanes) take(wide bool) (*lane, error) {
	lane, err := l.takeIdle(wide)
	if lane != nil || err != nil {
		return lane, err
	}
	if lane, err = l.narrower(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.narrow = append(l.narrow, lane)
	return lane, nil
}

// takeIdle returns nil if there is no idle lane.
func (l *lanes) takeIdle(wide bool) (*lane, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.idle)
	switch {
	case l.closed:
		return nil, errClosed
	case wide:
		return l.wide, nil
	case n == 0:
		return nil, nil
	}
	lane := l.idle[n-1] // its memory is most probably in a cache
	l.idle = l.idle[:n-1]
	return lane, nil
}

func (l *lanes) give(lane *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if lane != l.wide || l.parallel == 1 {
		l.idle = append(l.idle, lane)
	}
}

// all returns all lanes. The caller holds l.mu.
func (l *lanes) all() []*lane {
	if l.parallel == 1 {
		return l.narrow
	}
	return append([]*lane{l.wide}, l.narrow...)
}

// memoryBytes returns the memory of all programs whose engine tells it, less what they have
// released of the weights.
func (l *lanes) memoryBytes() (bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.wide.program.(engine.VariableReleaser); ok {
		bytes = -r.ReleasedBytes()
	}
	if l.closed {
		return bytes
	}
	for _, lane := range l.all() {
		if p, ok := lane.program.(engine.MemoryPlanner); ok {
			bytes += p.MemoryBytes()
		}
	}
	return bytes
}

// close waits for the calls that have a lane and releases all memory.
func (l *lanes) close() error {
	// This cannot fail: the context does not end, and there are so many permits.
	_ = l.permits.Acquire(context.Background(), int64(l.parallel))
	defer l.permits.Release(int64(l.parallel))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	var err error
	for _, lane := range l.all() {
		err = errors.Join(err, lane.program.Close(), l.release(lane.device))
	}
	return err
}
