package work

import "testing"

// TestSplit checks that tasks cover all items once, in multiples of the unit.
func TestSplit(t *testing.T) {
	for _, n := range []int{0, 1, 7, 63, 64, 65, 1000, 12345} {
		for _, perTask := range []int{1, 3, 100, 1 << 20} {
			for _, unit := range []int{1, 8} {
				tasks, chunk := Split(n, perTask, unit)
				if tasks < 1 || tasks > maxTasks || chunk%unit != 0 || tasks > 1 && chunk < perTask {
					t.Errorf("Split(%d, %d, %d) = %d, %d", n, perTask, unit, tasks, chunk)
				}
				next := 0
				for task := range tasks {
					lo, hi := ChunkRange(task, chunk, n)
					if lo != next || hi <= lo && n > 0 {
						t.Errorf("Split(%d, %d, %d): task %d is %d to %d, want it to start at %d", n, perTask, unit, task, lo, hi, next)
					}
					next = hi
				}
				if next != n {
					t.Errorf("Split(%d, %d, %d): tasks end at %d", n, perTask, unit, next)
				}
			}
		}
	}
}

// TestGrain checks that tests can shrink tasks.
func TestGrain(t *testing.T) {
	defer func(was Limits) { Limit = was }(Limit)
	for _, test := range []struct{ shift, usual, want int }{{0, 4096, 4096}, {4, 4096, 256}, {14, 4096, 1}} {
		Limit.GrainShift = test.shift
		if got := Grain(test.usual); got != test.want {
			t.Errorf("Grain(%d) = %d with a shift of %d, want %d", test.usual, got, test.shift, test.want)
		}
	}
}
