package exec

import (
	"slices"
	"testing"
)

// Workers that compute parts of a batch alone compute the same, however many
// they are, and see a variable that changes.
func TestReplicas(t *testing.T) {
	const n, parts = 40, 12
	var want []float32
	for size := 1; size <= 5; size++ {
		w := NewWorkers(size)
		p := newScaled(t, w, n, parts)
		if got, replicated := len(p.Replicas()), Evenly(parts, size); replicated && got != size || !replicated && got != 1 {
			t.Errorf("%d workers, %d parts: %d replicas", size, parts, got)
		}
		first := p.run(t)
		if size == 1 {
			want = first
		}
		for range 3 {
			poison(w)
			if got := p.run(t); !slices.Equal(got, want) || !slices.Equal(first, want) {
				t.Errorf("%d workers compute something else", size)
			}
		}
		packed := p.packed
		p.w.Value.Data()[0] = -3
		p.w.Changed()
		for range 2 {
			poison(w)
			p.run(t)
		}
		if packed != 1 || p.packed != 2 {
			t.Errorf("%d workers: packed %d times, then %d, want 1 and 2", size, packed, p.packed)
		}
		w.Close() // one is left
		p.run(t)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if len(w.memory.needs) != 0 || w.memory.floats != nil {
			t.Errorf("%d workers: %d floats are left", size, len(w.memory.floats))
		}
	}
}

func TestEvenly(t *testing.T) {
	for _, c := range []struct {
		parts, workers int
		want           bool
	}{{1, 1, false}, {8, 1, false}, {2, 2, true}, {3, 2, false}, {4, 2, true}, {7, 2, false}, {9, 2, true}, {1, 2, false}, {11, 3, false}, {13, 3, true}} {
		if got := Evenly(c.parts, c.workers); got != c.want {
			t.Errorf("%d parts, %d workers: %v", c.parts, c.workers, got)
		}
	}
}

// A program and its replicas share what outlives a run, and nothing else.
func TestReplicasShareWeights(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	p := newScaled(t, w, 40, 4)
	defer p.Close()
	p.run(t)
	a, b := p.programs[0], p.programs[1]
	factor := func(q *Program) *Buffer { return q.steps[0].Writes[0] }
	if &factor(a).Data[0] != &factor(b).Data[0] {
		t.Error("each worker has packed weights of its own")
	}
	for i, x := range a.placed {
		y := b.placed[i]
		if &x.Data[0] == &y.Data[0] {
			t.Errorf("workers share buffer %d", i)
		}
	}
	if b.keptFloats() != 0 || p.KeptBytes() != int64(4*a.keptFloats()) || p.MemoryBytes() != int64(4*(a.arenaFloats+b.arenaFloats+a.keptFloats())) {
		t.Errorf("%d bytes, %d of them kept; the arenas have %d and %d floats, kept are %d and %d",
			p.MemoryBytes(), p.KeptBytes(), a.arenaFloats, b.arenaFloats, a.keptFloats(), b.keptFloats())
	}
}

// runCounter counts the runs that an observer is told of.
type runCounter struct{ runs int }

func (c *runCounter) Step(_ int, s *Step, _ bool, do func(run func(task int, scratch []float32))) {
	do(s.Run)
}
func (c *runCounter) EndRun() { c.runs++ }

// The observers of all replicas are told of the end of a run.
func TestObserversOfReplicas(t *testing.T) {
	w := NewWorkers(2)
	defer w.Close()
	p := newScaled(t, w, 40, 4)
	defer p.Close()
	var counters []*runCounter
	if err := p.Observe(func(*Program) Observer {
		c := &runCounter{}
		counters = append(counters, c)
		return c
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p.run(t)
	}
	p.Unobserve(func() {})
	p.run(t) // is not observed
	for i, c := range counters {
		if c.runs != 3 {
			t.Errorf("observer %d of %d is told of %d runs, want 3", i, len(counters), c.runs)
		}
	}
}
