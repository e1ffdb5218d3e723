package randgraph

import (
	"errors"
	"testing"
	"time"
)

// Options says how much Test does.
type Options struct {
	// Seed is the first seed; cases have the seeds that follow.
	Seed uint64
	// For is how long to draw cases. 0 means Cases of them.
	For time.Duration
	// Cases is how many to draw if For is 0.
	Cases int
	// Failures is after how many failures to stop; 0 means 1.
	Failures int
}

// Test draws cases and checks each on one of the targets in turn. It shrinks
// what fails and prints it as Go code.
func Test(t *testing.T, targets []Target, o Options) {
	var stats Stats
	start := time.Now()
	failures := 0
	n := 0
	for ; o.For > 0 && time.Since(start) < o.For || o.For == 0 && n < o.Cases; n++ {
		seed := o.Seed + uint64(n)
		target := targets[seed%uint64(len(targets))]
		// A deadlock ends the test by its own limit; this says where.
		watch := time.AfterFunc(time.Minute, func() { t.Logf("seed %d on %q takes more than a minute", seed, target.Name) })
		c := Generate(seed)
		s, err := c.Check(target)
		watch.Stop()
		stats.add(s)
		if err == nil {
			continue
		}
		var f *Failure
		if !errors.As(err, &f) {
			t.Fatalf("seed %d is not a valid case: %v", seed, err)
		}
		before := time.Now()
		small, smaller := c.Shrink(target, f.Kind, 20*time.Second)
		start = start.Add(time.Since(before)) // shrinking does not count
		if smaller == nil {                   // it fails no longer
			smaller = failure(f.Kind, "%s (but not when it is tried again)", f.Detail)
		}
		t.Errorf("seed %d on %s: %v\nshrunk from %d to %d nodes: %v\n\n%s",
			seed, target.Name, f, len(c.Steps), len(small.Steps), smaller, small.Code())
		if failures++; failures >= o.Failures {
			break
		}
	}
	t.Logf("seeds %d to %d: %d graphs, %d runs, %d values, %d bit comparisons in %v; %d graphs with too large numbers, %d results looked at more closely",
		o.Seed, o.Seed+uint64(n), stats.Graphs, stats.Runs, stats.Values, stats.BitComparisons, time.Since(start).Round(time.Second/10), stats.Skipped, stats.Closer)
}
