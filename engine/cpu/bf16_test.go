package cpu_test

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest"
)

// TestConformanceBF16 runs every fifth case of the suite in mixed precision: by the instructions of the processor if it has them, by
// their twin in Go otherwise.
func TestConformanceBF16(t *testing.T) {
	enginetest.RunEvery(t, cpu.New(cpu.Options{Threads: 2, Math: cpu.BF16}), 5, enginetest.RoundsFactors)
}

func TestBF16SameBitsForAnyNumberOfThreads(t *testing.T) {
	enginetest.Determinism(t, func(threads int) engine.Device { return cpu.New(cpu.Options{Threads: threads, Math: cpu.BF16}) })
}

func TestBF16NoAllocations(t *testing.T) {
	enginetest.Allocs(t, cpu.New(cpu.Options{Threads: 2, Math: cpu.BF16}))
}
