package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A team is a fixed group of workers, the caller of Run among them, that
// carries out steps one after the other.
//
// A step is published as one word: a ticket that holds the step's generation,
// its number of tasks and the next task to take. Taking a task is an atomic
// increment, so a worker that comes late finds either a task of the current
// step or none; nobody waits for workers that have nothing to do.
type team struct {
	mu     sync.Mutex // held by a Run
	size   int        // workers, including the caller
	ticket atomic.Uint64
	done   atomic.Int64 // tasks of the current step that are finished
	parked atomic.Int32
	wake   chan struct{}
	closed atomic.Bool
	pool   pool

	// Valid while a task of the step is unfinished.
	run     func(task int, scratch []float32)
	scratch [][]float32 // one for each worker
}

const (
	taskBits = 20
	taskMask = 1<<taskBits - 1
	maxTasks = taskMask - 1024 // room for increments of workers that find no task

	// Polls of the ticket before a worker yields its thread, and yields before
	// it parks: some tens of microseconds altogether.
	spins  = 4000
	yields = 20
)

func newTeam(size int) *team {
	t := &team{size: size, wake: make(chan struct{}, size)}
	for i := 1; i < size; i++ {
		go t.work(i)
	}
	return t
}

// close ends the workers, after the current Run. What is run later is done by
// its caller alone.
func (t *team) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed.Swap(true) {
		close(t.wake)
	}
}

// do runs the tasks of one step and returns when all are finished. The caller
// holds t.mu.
func (t *team) do(tasks int, run func(task int, scratch []float32)) {
	if tasks == 1 || t.size == 1 || t.closed.Load() {
		for i := range tasks {
			run(i, t.scratch[0])
		}
		return
	}
	t.run = run
	t.done.Store(0)
	generation := t.ticket.Load()>>(2*taskBits) + 1
	t.ticket.Store(generation<<(2*taskBits) | uint64(tasks)<<taskBits)
	for n := min(int(t.parked.Load()), tasks-1); n > 0; n-- {
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	t.take(0)
	for i := 0; t.done.Load() != int64(tasks); i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
}

// take runs tasks until there are none left and reports whether it ran any.
func (t *team) take(worker int) (any bool) {
	for {
		v := t.ticket.Load()
		if v&taskMask >= v>>taskBits&taskMask {
			return any
		}
		v = t.ticket.Add(1) - 1
		task := v & taskMask
		if task >= v>>taskBits&taskMask {
			return any
		}
		t.run(int(task), t.scratch[worker])
		t.done.Add(1)
		any = true
	}
}

// work is the life of a worker: poll, then yield, then park until woken.
func (t *team) work(worker int) {
	for idle := 0; !t.closed.Load(); idle++ {
		switch {
		case t.take(worker):
			idle = 0
		case idle < spins:
		case idle < spins+yields:
			runtime.Gosched()
		default:
			t.parked.Add(1)
			// A step published before parked was raised sent no wake-up.
			if v := t.ticket.Load(); v&taskMask >= v>>taskBits&taskMask {
				<-t.wake
			}
			t.parked.Add(-1)
			idle = 0
		}
	}
}
