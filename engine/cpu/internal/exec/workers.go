package exec

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Workers are a fixed group of workers, the caller of Run among them, that
// carries out steps one after the other.
//
// Each worker has a range of a step's tasks of its own, and takes from those of
// others when that is done. Steps mostly cut the same images or rows into tasks
// in the same order, so a worker finds in its core's cache what it wrote in the
// step before.
//
// A range is published as one word: a ticket that holds its end and the next
// task to take. Taking a task is an atomic increment, so a worker that comes
// late finds either a task of the current step or none; nobody waits for workers
// that have nothing to do.
type Workers struct {
	mu     sync.Mutex   // held by a Run
	size   int          // workers, including the caller
	ranges []ticket     // of the workers
	done   atomic.Int64 // tasks of the current step that are finished
	parked atomic.Int32
	wake   chan struct{}
	closed atomic.Bool
	memory sharedMemory

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
	// MaxTasks is how many tasks a step may have: room for increments of workers
	// that find no task.
	MaxTasks = 1 << 30

	// Polls of the tickets before a worker yields its thread, and yields before
	// it parks: some tens of microseconds altogether.
	spins  = 4000
	yields = 20
)

// NewWorkers starts workers: size−1 of them, as the caller of Run is one too.
func NewWorkers(size int) *Workers {
	w := &Workers{size: size, ranges: make([]ticket, size), wake: make(chan struct{}, size)}
	for i := 1; i < size; i++ {
		go w.work(i)
	}
	return w
}

// Close ends the workers, after the current Run. What is run later is done by
// its caller alone.
func (w *Workers) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed.Swap(true) {
		close(w.wake)
	}
}

// Size is the number of workers, the caller of Run included.
func (w *Workers) Size() int { return w.size }

// WorkerOf returns the worker that scratch memory of the current run belongs to,
// −1 if none.
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
	for n := min(int(w.parked.Load()), tasks-1); n > 0; n-- {
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
	w.take(0)
	for i := 0; w.done.Load() != int64(tasks); i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	w.run = nil // it may keep a program alive that nobody uses any more
}

// take runs tasks until there are none left and reports whether it ran any.
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

// work is the life of a worker: poll, then yield, then park until woken.
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
			}
			w.parked.Add(-1)
			idle = 0
		}
	}
}
