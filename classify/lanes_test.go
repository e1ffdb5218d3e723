package classify

import (
	"context"
	"errors"
	"image"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// tiny is a model of two classes.
func tiny(t *testing.T) *modelfolder.Model {
	t.Helper()
	input := tensor.Shape{1, 4, 4}
	net, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2)), input, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &modelfolder.Model{Path: "tiny", Net: net, Classes: []string{"a", "b"}, Preprocessing: preprocess.Plain(input)}
}

// A gate is a device whose programs wait in Run until they are let go.
type gate struct {
	begun  chan struct{} // is sent to when a run begins
	open   chan struct{} // lets one run go
	closed chan struct{} // is closed when a program is
	fails  error         // of Compile
}

func newGate() *gate {
	return &gate{begun: make(chan struct{}, 100), open: make(chan struct{}, 100), closed: make(chan struct{})}
}

func (g *gate) Name() string        { return "gate" }
func (g *gate) Description() string { return "gate" }
func (g *gate) Compile(*graph.Graph, ...*graph.Node) (engine.Program, error) {
	return g, g.fails
}

func (g *gate) Run(engine.Feeds, []*tensor.Tensor) error {
	g.begun <- struct{}{}
	<-g.open
	return nil
}

func (g *gate) Close() error {
	close(g.closed)
	return nil
}

var picture = image.NewGray(image.Rect(0, 0, 4, 4))

// waitFor waits until calls compute or wait.
func (l *lanes) waitFor(calls int) {
	for {
		l.mu.Lock()
		n := l.calls
		l.mu.Unlock()
		if n == calls {
			return
		}
		runtime.Gosched()
	}
}

// Calls beyond the threads wait in the order in which they came; one whose
// context ends leaves the queue; Close waits for the one that computes.
func TestWaiting(t *testing.T) {
	t.Parallel()
	device := newGate()
	c, err := New(tiny(t), Options{Device: device})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	call := func(ctx context.Context, number int, want error) {
		all.Go(func() {
			_, err := c.Predict(ctx, picture, 1)
			if !errors.Is(err, want) {
				t.Errorf("call %d: %v, want %v", number, err, want)
			}
			mu.Lock()
			defer mu.Unlock()
			order = append(order, number)
		})
		c.lanes.waitFor(number)
		time.Sleep(50 * time.Millisecond) // from being counted to the queue
	}
	call(t.Context(), 1, nil)
	<-device.begun
	call(t.Context(), 2, nil)
	given, cancel := context.WithCancelCause(t.Context())
	tired := errors.New("tired")
	call(given, 3, tired)
	call(t.Context(), 4, nil)
	cancel(tired)
	c.lanes.waitFor(3)
	for _, left := range []int{2, 1} {
		device.open <- struct{}{}
		<-device.begun
		c.lanes.waitFor(left)
	}
	done := make(chan struct{})
	go func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		close(done)
	}()
	select {
	case <-done:
		t.Error("Close has not waited")
	case <-device.closed:
		t.Error("a program was closed while it ran")
	case <-time.After(20 * time.Millisecond):
	}
	device.open <- struct{}{}
	<-done
	all.Wait()
	for i, want := range []int{3, 1, 2, 4} {
		if order[i] != want {
			t.Fatalf("calls ended in the order %v", order)
		}
	}
	if _, err := c.Predict(t.Context(), picture, 1); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

// A call that is alone is wide, and those that overlap are narrow, for some time
// after the last overlap.
func TestWideOrNarrow(t *testing.T) {
	t.Parallel()
	l, err := newLanes(tiny(t).Net, Options{CPU: cpu.Options{Threads: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	alone := func() bool {
		defer l.leave()
		return l.enter(false)
	}
	if first, second := alone(), alone(); !first || !second {
		t.Error("a call that is alone is narrow")
	}
	if !l.enter(false) || l.enter(false) {
		t.Error("the second of two calls is wide")
	}
	l.leave()
	l.leave()
	for i := range afterCrowd {
		if wide := alone(); wide != (i == afterCrowd-1) {
			t.Errorf("call %d after the overlap: wide %v", i, wide)
		}
	}
	if l.enter(true) {
		t.Error("a call of a batch is wide")
	}
	l.leave()
	if alone() {
		t.Error("a call after a batch is wide")
	}
}

// There are never more lanes than threads, however many calls overlap.
func TestLanes(t *testing.T) {
	t.Parallel()
	c, err := New(tiny(t), Options{CPU: cpu.Options{Threads: 3}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 50 {
				if _, err := c.predict(t.Context(), 1, true, c.input(picture)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(c.lanes.narrow); n < 1 || n > 3 || len(c.lanes.idle) != n || c.lanes.calls != 0 {
		t.Errorf("%d narrow lanes, %d of them idle, %d calls", n, len(c.lanes.idle), c.lanes.calls)
	}
	for _, lane := range c.lanes.narrow {
		if threads := lane.device.(*cpu.Device).Threads(); threads != 1 {
			t.Errorf("a narrow lane has %d threads", threads)
		}
	}
	if threads := c.lanes.wide.device.(*cpu.Device).Threads(); threads != 3 {
		t.Errorf("the wide lane has %d threads", threads)
	}
}

// Parallel bounds the lanes, which share the threads.
func TestParallel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ parallel, threads, lanes, each int }{{1, 4, 1, 4}, {2, 4, 2, 2}, {2, 5, 2, 2}, {9, 2, 2, 1}, {0, 3, 3, 1}} {
		l, err := newLanes(tiny(t).Net, Options{CPU: cpu.Options{Threads: test.threads}, Parallel: test.parallel})
		if err != nil {
			t.Fatal(err)
		}
		if l.parallel != test.lanes {
			t.Errorf("%+v: %d lanes", test, l.parallel)
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := l.run(t.Context(), tensor.New(1, 1, 4, 4), tensor.New(1, 2), true); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(l.narrow); n < 1 || n > test.lanes {
			t.Errorf("%+v: %d lanes", test, n)
		}
		for _, lane := range l.narrow {
			if threads := lane.device.(*cpu.Device).Threads(); threads != test.each {
				t.Errorf("%+v: a lane has %d threads", test, threads)
			}
		}
		if err := l.close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(tiny(t), Options{Parallel: -1}); err == nil || err.Error() != "tiny: -1 calls side by side: want at least 1, or 0 for one on each thread" {
		t.Errorf("got %v", err)
	}
}

// A Classifier that is dropped releases its programs.
func TestDropped(t *testing.T) {
	t.Parallel()
	device := newGate()
	if _, err := New(tiny(t), Options{Device: device}); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		runtime.GC()
		select {
		case <-device.closed:
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("the program was not closed")
}

func TestCompileFails(t *testing.T) {
	t.Parallel()
	device := newGate()
	device.fails = errors.New("out of memory")
	if _, err := New(tiny(t), Options{Device: device}); !errors.Is(err, device.fails) || err.Error() != "tiny: compile the network: out of memory" {
		t.Errorf("got %v", err)
	}
}
