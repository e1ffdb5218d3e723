package cpu_test

import (
	"math"
	"slices"
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

// TestBF16Training trains a network on one batch, in mixed precision and in float32: the losses stay close to each other, and
// fall.
func TestBF16Training(t *testing.T) {
	losses := func(math cpu.Math) (list []float32) {
		d := cpu.New(cpu.Options{Threads: 2, Math: math})
		defer d.Close()
		p, in, out := lenetProgram(t, d, 16, true)
		defer p.Close()
		for range 12 {
			if err := p.Run(in, out); err != nil {
				t.Fatal(err)
			}
			list = append(list, out[0].Data()[0])
		}
		return list
	}
	want, got := losses(cpu.Float32), losses(cpu.BF16)
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 0.01*float64(want[i]) {
			t.Errorf("step %d: loss %v, in float32 %v", i, got[i], want[i])
		}
	}
	if slices.Equal(got, want) {
		t.Error("the losses have the bits of float32: nothing was rounded")
	}
	if got[len(got)-1] >= got[0] {
		t.Errorf("the loss did not fall: %v", got)
	}
}

func TestBF16SameBitsForAnyNumberOfThreads(t *testing.T) {
	enginetest.Determinism(t, func(threads int) engine.Device { return cpu.New(cpu.Options{Threads: threads, Math: cpu.BF16}) })
}

func TestBF16NoAllocations(t *testing.T) {
	enginetest.Allocs(t, cpu.New(cpu.Options{Threads: 2, Math: cpu.BF16}))
}
