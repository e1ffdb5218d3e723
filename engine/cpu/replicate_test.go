package cpu

import (
	"slices"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/reference"
)

// Programs on other devices, with other numbers of threads, give the same bits and
// share packed weights; each sees weights that have changed; they run side by side,
// and are closed in any order.
func TestReplicate(t *testing.T) {
	const batch = 24
	first, w := partsNet(t, New(Options{Threads: 2}), batch)
	want := runParts(t, first, batch)
	programs := []program{first}
	for _, threads := range []int{1, 3, 2} {
		q, err := first.Replicate(New(Options{Threads: threads}))
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, q.(program))
	}
	kept := first.KeptBytes()
	if kept == 0 {
		t.Fatal("no weights stay packed")
	}
	same := func(what string) {
		t.Helper()
		var wg sync.WaitGroup
		for i, p := range programs {
			wg.Go(func() {
				for range 5 {
					if got := runParts(t, p, batch); !slices.Equal(got, want) {
						t.Errorf("%s: program %d computes something else", what, i)
					}
				}
			})
		}
		wg.Wait()
	}
	same("side by side")
	for i, p := range programs[1:] {
		if p.KeptBytes() != 0 || p.ReductionOrder() != first.ReductionOrder() {
			t.Errorf("program %d keeps %d bytes of its own", i+1, p.KeptBytes())
		}
	}

	w.Value.Data()[5] = 3
	w.Changed()
	changed := runParts(t, programs[2], batch)
	if slices.Equal(changed, want) {
		t.Error("a weight that has changed is not seen")
	}
	want = changed
	same("a weight has changed")

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	programs = programs[1:]
	same("the first program is closed")
	for _, p := range programs {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.Replicate(New(Options{Threads: 1})); err == nil {
		t.Error("a closed program was replicated")
	}
}

func TestReplicateElsewhere(t *testing.T) {
	p, _ := partsNet(t, New(Options{Threads: 1}), 8)
	defer p.Close()
	if _, err := engine.Replicator(p).Replicate(reference.New()); err == nil {
		t.Error("a program of this engine was replicated on another")
	}
}
