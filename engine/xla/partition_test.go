package xla

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/strideml/stride/engine/enginetest"
)

// Networks mean the same on several devices, with batches that these divide and others,
// with batch normalization and dropout. -args -whole runs the whole suite, which takes
// minutes.
func TestConformanceOfSeveralDevices(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			d := newTestDevice(t, Options{Count: n})
			if *whole {
				enginetest.Run(t, d, concessions(d)...)
			} else {
				enginetest.Networks(t, d)
			}
		})
	}
}

// A training step on several devices is that on one: each takes its part of the batch, and
// XLA sums the gradients.
func TestSeveralDevices(t *testing.T) {
	want := newModel()
	wanted := want.training(t, newTestDevice(t, Options{}))
	for range 5 {
		wanted.run(t)
	}
	for _, n := range []int{2, 3, 4} {
		d := newTestDevice(t, Options{Count: n})
		m := newModel()
		train := m.training(t, d)
		train.run(t)
		before := d.Traffic()
		for range 4 {
			train.run(t)
		}
		near(t, "loss", train.out, wanted.out)
		m.same(t, want)
		optimized, _, err := train.program.(plannedProgram).executable.(*compiled).Optimized()
		if err != nil || !bytes.Contains(optimized, []byte("all-reduce")) {
			t.Errorf("%d devices: no all-reduce in %d bytes of the optimized program (error %v)", n, len(optimized), err)
		}
		got := d.Traffic().ToDevices - before.ToDevices
		if parts := int64(4 * 4 * batch * (features + classes)); batch%n == 0 && got != parts {
			t.Errorf("%d devices: %d bytes to the devices in 4 steps, want %d", n, got, parts)
		}
		inference := m.inference(t, d)
		inference.run(t)
		one := want.inference(t, newTestDevice(t, Options{}))
		one.run(t)
		near(t, "scores", inference.out, one.out)
	}
}
