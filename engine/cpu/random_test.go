package cpu

import (
	"flag"
	"hash/fnv"
	"math"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu/internal/work"
	"github.com/strideml/stride/engine/enginetest/randgraph"
)

var (
	randomFor  = flag.Duration("random", 3*time.Second, "how long TestRandomGraphs draws graphs")
	randomSeed = flag.Uint64("seed", 1, "the first seed of TestRandomGraphs")
	randomMany = flag.Int("failures", 1, "after how many failures TestRandomGraphs stops")
)

// TestRandomGraphs compares the engine with the reference on random graphs,
// each for one of several ways to set the engine up. For a long run:
//
//	go test ./engine/cpu -run RandomGraphs -v -timeout 0 -random 1h -seed 1000000
func TestRandomGraphs(t *testing.T) {
	randgraph.Test(t, randomTargets(), randgraph.Options{Seed: *randomSeed, For: *randomFor, Failures: *randomMany})
}

func randomTargets() []randgraph.Target {
	devices := func(o Options, threads ...int) (list []engine.Device) {
		for _, n := range threads {
			o.Threads = n
			list = append(list, New(o))
		}
		return list
	}
	with := func(change func(l *work.Limits)) func(func()) {
		return func(run func()) {
			defer func(was work.Limits) { work.Limit = was }(work.Limit)
			change(&work.Limit)
			run()
		}
	}
	fine := work.Limits{BlockTerms: 4, PixelTerms: 3, FrameFloats: 64, TaskFMAs: 64, MinimalTasks: 8, MaxChunks: 3, PartialFloats: 1 << 12, GrainShift: 14}
	// The transforms of Winograd's algorithms enlarge rounding errors, by more for
	// shapes that they are not chosen for.
	const forced = 1e-6
	return []randgraph.Target{
		{Name: "default", Devices: devices(Options{}, 1, 2, 3, 4), Poison: poison},
		{Name: "group", Devices: devices(Options{Reducer: &Zeros{Silent: true}}, 1, 3), Poison: poison},
		{Name: "fine", Devices: devices(Options{}, 1, 2, 3, 4), Poison: poison, With: with(func(l *work.Limits) { *l = fine })},
		{Name: "strict", Devices: devices(Options{Strict: true}, 1, 4), Poison: poison},
		{Name: "small cache", Devices: devices(Options{}, 1, 2, 3), Poison: poison, With: with(func(l *work.Limits) { l.CacheFloats = 1 << 10; l.StreamedFloats = 1 << 8; l.GrainShift = 6 })},
		// Options.Strict says how exact Winograd's algorithm is.
		{Name: "any algorithm", Devices: devices(Options{Tuning: anyAlgorithm()}, 1, 3), Poison: poison, ConvError: forced},
		{Name: "Winograd", Devices: devices(Options{}, 1, 3), Poison: poison, ConvError: forced, With: with(func(l *work.Limits) { l.WinogradGain = math.Inf(1) })},
	}
}

// anyAlgorithm chooses any of the plans of a convolution, always the same one.
func anyAlgorithm() *Tuning {
	t := NewTuning(nil, nil)
	t.pick = func(key string, names []string) string {
		h := fnv.New64a()
		h.Write([]byte(key))
		return names[h.Sum64()%uint64(len(names))]
	}
	return t
}

// poison fills with NaN what programs must write before they read it.
func poison(d engine.Device) {
	d.(*Device).workers.SharedMemory(func(floats []float32) {
		for i := range floats {
			floats[i] = float32(math.NaN())
		}
	})
}
