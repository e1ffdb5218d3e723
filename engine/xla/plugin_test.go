package xla

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/enginetest"
	"github.com/strideml/stride/engine/enginetest/randgraph"
	"github.com/strideml/stride/pjrt"
)

var (
	whole      = flag.Bool("whole", false, "TestConformanceOfSeveralDevices runs the whole suite")
	randomFor  = flag.Duration("random", 5*time.Second, "how long TestRandomGraphs draws graphs")
	randomSeed = flag.Uint64("seed", 1, "the first seed of TestRandomGraphs")
)

// newTestDevice returns a device of the plugin that STRIDE_PJRT names, of which the CPU
// stands for four devices. Without a plugin the test is skipped.
func newTestDevice(t testing.TB, o Options) *Device {
	t.Helper()
	if os.Getenv("STRIDE_PJRT") == "" {
		t.Skip("STRIDE_PJRT does not name a PJRT plugin")
	}
	if o.Client == nil && o.Count > 1 {
		o.Client = pjrt.Values{"cpu_device_count": 4}
	}
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Concessions are what the plugin need not do: XLA's CPU client and TPUs flush subnormal
// numbers.
func concessions(d *Device) []enginetest.Concession {
	if strings.Contains(d.Description(), "cuda") || strings.Contains(d.Description(), "rocm") {
		return nil
	}
	return []enginetest.Concession{enginetest.FlushesSubnormals}
}

// XLA compiles some ten thousand programs for the whole suite, which takes minutes.
func TestConformance(t *testing.T) {
	d, every := newTestDevice(t, Options{}), 1
	if testing.Short() {
		every = 7
	}
	enginetest.RunEvery(t, d, every, concessions(d)...)
}

func TestGolden(t *testing.T) { enginetest.Golden(t, newTestDevice(t, Options{})) }

// Training gives the same bits each time, compiled again.
func TestDeterminism(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles 32 training steps")
	}
	newTestDevice(t, Options{}) // skips without a plugin
	enginetest.Determinism(t, func(int) engine.Device { return newTestDevice(t, Options{}) })
}

func TestRandomGraphs(t *testing.T) {
	targets := []randgraph.Target{{Name: "xla", Devices: []engine.Device{newTestDevice(t, Options{})}}}
	randgraph.Test(t, targets, randgraph.Options{Seed: *randomSeed, For: *randomFor})
}
