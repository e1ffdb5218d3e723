package exec

import (
	"slices"
	"sync"
	"testing"
)

// Programs of the same workers share their memory, whatever the order in which
// they are made, run and closed.
func TestProgramsShareMemory(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	sizes := []int{300, 5000, 20, 1000}
	var programs []*scaled
	var want [][]float32
	most := 0
	for _, n := range sizes {
		p := newScaled(t, w, n, 1)
		programs = append(programs, p)
		want = append(want, slices.Clone(p.run(t)))
		most = max(most, p.sharedFloats())
		if len(w.memory.floats) != most {
			t.Errorf("%d floats are shared, the largest program needs %d", len(w.memory.floats), most)
		}
	}
	for _, i := range []int{3, 1, 0, 2, 1} {
		poison(w)
		if !slices.Equal(programs[i].run(t), want[i]) {
			t.Errorf("program %d computes something else beside others", i)
		}
	}
	if err := programs[1].Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(w.memory.floats); got != programs[3].sharedFloats() {
		t.Errorf("%d floats are left when the largest program is closed, want %d", got, programs[3].sharedFloats())
	}
	for _, i := range []int{2, 3, 0} {
		poison(w)
		if !slices.Equal(programs[i].run(t), want[i]) {
			t.Errorf("program %d computes something else when another is closed", i)
		}
		if err := programs[i].Close(); err != nil {
			t.Fatal(err)
		}
	}
	if w.memory.floats != nil || len(w.memory.needs) != 0 {
		t.Errorf("%d floats are left of closed programs", len(w.memory.floats))
	}
}

func TestProgramsAtOnce(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range 20 {
				p := newScaled(t, w, 1+(37*k+11*i)%200, 1)
				if got := p.run(t); !slices.Equal(got, p.run(t)) {
					t.Error("a second run computes something else")
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
