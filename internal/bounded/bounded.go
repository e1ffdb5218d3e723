// Package bounded checks that reading a hostile file takes little time and memory. Only
// tests import it.
package bounded

import (
	"runtime"
	"testing"
	"time"
)

// Check calls f, which reads a file of size bytes, and fails the test when that takes
// more than a second for each KiB begun, or allocates more than 64 MiB and four times the
// size for each of its readings, garbage included. The time is that of the fastest of three
// calls, because another process may have the processor meanwhile: a call within the limit
// is not repeated.
func Check(t testing.TB, size, readings int, f func()) {
	t.Helper()
	limit := time.Second * time.Duration(1+size>>10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	took := timed(f)
	runtime.ReadMemStats(&after)
	if n, most := after.TotalAlloc-before.TotalAlloc, uint64(readings)*(64<<20+4*uint64(size)); n > most {
		t.Errorf("allocates %d bytes for a file of %d, at most %d are right", n, size, most)
	}
	for repeat := 0; took > limit && repeat < 2; repeat++ {
		took = min(took, timed(f))
	}
	if took > limit {
		t.Errorf("takes %v for a file of %d bytes, at most %v are right", took, size, limit)
	}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
