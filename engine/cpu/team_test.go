package cpu

import (
	"sync/atomic"
	"testing"
	"time"
)

// Each task of a step runs once, and before the step is over.
func TestTeamRunsEachTaskOnce(t *testing.T) {
	for size := 1; size <= 5; size++ {
		team := newTeam(size)
		team.scratch = make([][]float32, size)
		for _, tasks := range []int{1, 2, 3, 4, 7, 64, 1000} {
			for round := range 20 {
				ran := make([]atomic.Int32, tasks)
				team.do(tasks, func(task int, _ []float32) { ran[task].Add(1) })
				for i := range ran {
					if n := ran[i].Load(); n != 1 {
						t.Fatalf("%d workers, %d tasks, round %d: task %d ran %d times", size, tasks, round, i, n)
					}
				}
			}
		}
		team.close()
	}
}

// A worker takes tasks from the range of another that is held up.
func TestTeamShares(t *testing.T) {
	team := newTeam(2)
	defer team.close()
	team.scratch = make([][]float32, 2)
	const tasks = 8
	for held := range tasks {
		others := make(chan bool, tasks)
		team.do(tasks, func(task int, _ []float32) {
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
