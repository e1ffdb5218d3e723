package cpu_test

import (
	"testing"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/enginetest"
)

func TestConformance(t *testing.T) { enginetest.Run(t, cpu.New(cpu.Options{Threads: 2})) }

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	enginetest.Determinism(t, func(threads int) engine.Device { return cpu.New(cpu.Options{Threads: threads}) })
}

func TestNoAllocations(t *testing.T) { enginetest.Allocs(t, cpu.New(cpu.Options{Threads: 2})) }

func TestGolden(t *testing.T) { enginetest.Golden(t, cpu.New(cpu.Options{Threads: 2})) }
