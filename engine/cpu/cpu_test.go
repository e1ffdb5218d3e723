package cpu_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/tensor"
)

func TestConformance(t *testing.T) { enginetest.Run(t, cpu.New(cpu.Options{Threads: 2})) }

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	enginetest.Determinism(t, func(threads int) engine.Device { return cpu.New(cpu.Options{Threads: threads}) })
}

func TestNoAllocations(t *testing.T) { enginetest.Allocs(t, cpu.New(cpu.Options{Threads: 2})) }

func TestGolden(t *testing.T) { enginetest.Golden(t, cpu.New(cpu.Options{Threads: 2})) }

// A program keeps its device's workers alive when nothing else refers to the
// device.
func TestProgramOutlivesDevice(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 1<<16)
	p, err := cpu.New(cpu.Options{Threads: 2}).Compile(g, graph.Exp(x))
	if err != nil {
		t.Fatal(err)
	}
	in, out := tensor.New(1<<16), tensor.New(1<<16)
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if err := p.Run(engine.Feeds{x: in}, []*tensor.Tensor{out}); err != nil {
			t.Fatal(err)
		}
	}
	if out.At(0) != 1 {
		t.Errorf("e⁰ = %v", out.At(0))
	}
}
