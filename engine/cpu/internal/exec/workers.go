package exec

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Workers are a fixed number of workers that run the steps of programs, one step after
// the other. The goroutine that calls Program.Run is the first of them.
//
// Each worker has its own range of a step's tasks. When that is done it takes tasks
// from the ranges of others. Most steps cut the same images or rows into tasks in the
// same order, so a worker finds in its core's cache what it wrote in the step before.
//
// A range is published as one word: a ticket that holds its end and the next
// task to take. Taking a task is an atomic increment, so a worker that comes
// late finds either a task of the current step or none, and a step need not wait for
// workers that have no task.
type Workers struct {
	mu     sync.Mutex   // held during Program.Run
	size   int          // workers, including the caller
	ranges []ticket     // one for each worker
	done   atomic.Int64 // tasks of the current step that are finished
	parked atomic.Int32
	wake   chan struct{}
	closed atomic.Bool
	memory sharedMemory

	// When the caller woke workers, in nanoseconds since they began; 0 once one of them
	// runs. evaded says that the caller has gone to another processor since.
	woken   atomic.Int64
	started time.Time
	evaded  bool

	// Valid while a task of the step is unfinished.
	run     func(task int, scratch []float32)
	scratch [][]float32 // one for each worker
}

// A ticket has the end of a range of tasks in its upper half and the next task
// to take in its lower one.
type ticket struct {
	atomic.Uint64
	_ [120]byte // no other ticket in the cache line, nor in the one fetched with it
}

func (t *ticket) set(next, end int) { t.Store(uint64(end)<<32 | uint64(next)) }

func unpack(v uint64) (next, end int) { return int(uint32(v)), int(v >> 32) }

// left reports whether there are tasks to take.
func (t *ticket) left() bool {
	next, end := unpack(t.Load())
	return next < end
}

// take returns the next task, if there is one.
func (t *ticket) take() (task int, ok bool) {
	if !t.left() {
		return 0, false
	}
	next, end := unpack(t.Add(1) - 1)
	return next, next < end
}

const (
	// MaxTasks is how many tasks a step may have. It leaves room in a ticket for
	// the increments of workers that find no task.
	MaxTasks = 1 << 30

	// How often a worker polls the tickets before it yields its thread, and yields
	// before it parks: some tens of microseconds altogether.
	spins  = 4000
	yields = 20

	// late is how long a woken worker may take to run before the caller makes way for it,
	// in nanoseconds. Usually it takes 10 to 50 microseconds.
	late = 100_000
)

// NewWorkers returns size ≥ 1 workers. It starts size−1 goroutines, which Close ends.
func NewWorkers(size int) *Workers {
	w := &Workers{size: size, ranges: make([]ticket, size), wake: make(chan struct{}, size), started: time.Now()}
	for i := 1; i < size; i++ {
		go w.work(i)
	}
	return w
}

// Close waits for the current run and ends the workers. Later runs have one worker,
// their caller. Calling it again does nothing.
func (w *Workers) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed.Swap(true) {
		close(w.wake)
	}
}

// Size returns the number of workers, the caller of Program.Run included.
func (w *Workers) Size() int { return w.size }

// WorkerOf returns the number of the worker that scratch memory of the current run
// belongs to, −1 if it belongs to none. Steps may call it while they run.
func (w *Workers) WorkerOf(scratch []float32) int {
	for i := range w.scratch {
		if &w.scratch[i][0] == &scratch[0] {
			return i
		}
	}
	return -1
}

// do runs the tasks of one step and returns when all are finished. The caller
// holds w.mu.
func (w *Workers) do(tasks int, run func(task int, scratch []float32)) {
	if tasks == 1 || w.size == 1 || w.closed.Load() {
		for i := range tasks {
			run(i, w.scratch[0])
		}
		return
	}
	w.run = run
	w.done.Store(0)
	for i := range w.size {
		w.ranges[i].set(i*tasks/w.size, (i+1)*tasks/w.size)
	}
	if n := min(int(w.parked.Load()), tasks-1); n > 0 {
		w.wakeUp(n)
	}
	w.take(0)
	for i := 0; w.done.Load() != int64(tasks); i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	w.run = nil // it would keep a program that is no longer used from being freed
}

// wakeUp wakes n parked workers.
//
// Linux may put the thread of a woken worker on the processor of the caller's, and lets it
// wait there for milliseconds although another processor has nothing to do: so long the
// caller does everything alone. A caller whose workers are late therefore goes to
// another processor, once for each time that it wakes them. With two threads and single
// images, one at a time, EfficientNet-Lite0 had needed twice its usual time in a tenth to
// a third of the runs.
func (w *Workers) wakeUp(n int) {
	now := max(1, time.Since(w.started).Nanoseconds())
	if at := w.woken.Load(); at == 0 {
		w.woken.Store(now)
		w.evaded = false
	} else if now-at > late && !w.evaded {
		w.evaded = true
		leaveProcessor()
	}
	for range n {
		select {
		case w.wake <- struct{}{}:
		default: // they have been woken, and do not run yet
		}
	}
}

// take runs tasks until there are none left, and reports whether it ran any. worker
// is the number of the calling worker.
func (w *Workers) take(worker int) (any bool) {
	for i := range w.size {
		for {
			task, ok := w.ranges[(worker+i)%w.size].take()
			if !ok {
				break
			}
			w.run(task, w.scratch[worker])
			w.done.Add(1)
			any = true
		}
	}
	return any
}

// left reports whether any worker's range has tasks left.
func (w *Workers) left() bool {
	for i := range w.ranges {
		if w.ranges[i].left() {
			return true
		}
	}
	return false
}

// work runs tasks until the workers are closed. A worker without tasks polls for some
// time, then yields its thread, then parks until it is woken.
func (w *Workers) work(worker int) {
	for idle := 0; !w.closed.Load(); idle++ {
		switch {
		case w.take(worker):
			idle = 0
		case idle < spins:
		case idle < spins+yields:
			runtime.Gosched()
		default:
			w.parked.Add(1)
			// A step published before parked was raised sent no wake-up.
			if !w.left() {
				<-w.wake
				w.woken.Store(0)
			}
			w.parked.Add(-1)
			idle = 0
		}
	}
}
