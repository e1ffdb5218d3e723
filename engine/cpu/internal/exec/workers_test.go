package exec

import (
	"sync/atomic"
	"testing"
	"time"
)

// newTestWorkers returns workers with scratch memory, as outside a run.
func newTestWorkers(t *testing.T, size int) *Workers {
	w := NewWorkers(size)
	t.Cleanup(w.Close)
	w.scratch = make([][]float32, size)
	for i := range w.scratch {
		w.scratch[i] = make([]float32, 1)
	}
	return w
}

// Each task of a step runs once, and before the step is over.
func TestWorkersRunEachTaskOnce(t *testing.T) {
	for size := 1; size <= 5; size++ {
		w := newTestWorkers(t, size)
		for _, tasks := range []int{1, 2, 3, 4, 7, 64, 1000} {
			for round := range 20 {
				ran := make([]atomic.Int32, tasks)
				w.do(tasks, func(task int, _ []float32) { ran[task].Add(1) })
				for i := range ran {
					if n := ran[i].Load(); n != 1 {
						t.Fatalf("%d workers, %d tasks, round %d: task %d ran %d times", size, tasks, round, i, n)
					}
				}
			}
		}
	}
}

// A worker takes tasks from the range of another that is held up.
func TestWorkersShare(t *testing.T) {
	w := newTestWorkers(t, 2)
	const tasks = 8
	for held := range tasks {
		others := make(chan bool, tasks)
		w.do(tasks, func(task int, _ []float32) {
			if task != held {
				others <- true
				return
			}
			for range tasks - 1 {
				select {
				case <-others:
				case <-time.After(time.Minute):
					t.Errorf("while task %d waits, the others do not run", held)
					return
				}
			}
		})
	}
}

// Scratch memory tells which worker does a task.
func TestWorkerOf(t *testing.T) {
	w := newTestWorkers(t, 3)
	for i, scratch := range w.scratch {
		if got := w.WorkerOf(scratch); got != i {
			t.Errorf("worker %d is taken for %d", i, got)
		}
	}
	if got := w.WorkerOf(make([]float32, 1)); got != -1 {
		t.Errorf("memory of no worker is that of worker %d", got)
	}
}

// Closed workers leave all tasks to the caller.
func TestClosedWorkers(t *testing.T) {
	w := newTestWorkers(t, 3)
	w.Close()
	ran := 0
	w.do(100, func(_ int, scratch []float32) {
		if w.WorkerOf(scratch) != 0 {
			t.Error("a task is done by another worker")
		}
		ran++
	})
	if ran != 100 {
		t.Errorf("%d tasks of 100 ran", ran)
	}
}
