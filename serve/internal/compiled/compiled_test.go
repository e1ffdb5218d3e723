package compiled

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func lenet(t *testing.T) *nn.Model {
	t.Helper()
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(spec.Classes), spec.Input, nn.Options{Seed: 1, Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

const in, out = 28 * 28, 10 // values of a sample

func samples(n int) []float32 {
	x := make([]float32, n*in)
	for i := range x {
		x[i] = float32(i%37)/37 - 0.3
	}
	return x
}

func run(t *testing.T, i *Instance, n int) []float32 {
	t.Helper()
	y := make([]float32, n*out)
	if err := i.Run(n, samples(n), y); err != nil {
		t.Error(err)
	}
	return y
}

// Batches of any size agree with single samples within rounding; those of an invariant
// network and those of all instances have the same bits.
func TestAnySize(t *testing.T) {
	net := lenet(t)
	for _, invariant := range []bool{false, true} {
		devices := NewDevices(cpu.Options{Threads: 2}, 0)
		n, err := New(net, devices, Options{Batch: 32, Invariant: invariant})
		if err != nil {
			t.Fatal(err)
		}
		units := n.instances[0].Samples()
		if units[len(units)-1] != 1 || invariant != (len(units) == 1) || !slices.IsSortedFunc(units, func(a, b int) int { return b - a }) {
			t.Errorf("units of %v samples", units)
		}
		if n.MemoryBytes() == 0 {
			t.Error("no memory")
		}
		var single []float32
		for i := range 41 {
			y := make([]float32, out)
			if err := n.instances[0].Run(1, samples(41)[i*in:][:in], y); err != nil {
				t.Fatal(err)
			}
			single = append(single, y...)
		}
		for _, size := range []int{1, 2, 3, 7, 16, 32, 41} {
			results := make([][]float32, 3) // on two threads, and on either
			var wg sync.WaitGroup
			for i, instance := range n.instances { // side by side
				wg.Go(func() { results[i] = run(t, instance, size) })
			}
			wg.Wait()
			if !slices.Equal(results[0], results[1]) || !slices.Equal(results[0], results[2]) {
				t.Errorf("batch %d: instances differ", size)
			}
			for i, v := range results[0] {
				if d := v - single[i]; invariant && d != 0 || d > 1e-5 || d < -1e-5 {
					t.Fatalf("batch %d, invariant %v: value %d is %v, alone %v", size, invariant, i, v, single[i])
				}
			}
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		if err := n.instances[0].Run(1, samples(1), make([]float32, out)); err == nil {
			t.Error("a closed network computes")
		}
		if err := devices.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// An engine without engine.Batcher computes single samples.
func TestOtherEngine(t *testing.T) {
	net := lenet(t)
	n, err := New(net, SingleDevice(reference.New()), Options{Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if n.Lanes() != 1 || n.Preferred() != 4 || !slices.Equal(n.instances[0].Samples(), []int{4, 2, 1}) {
		t.Errorf("%d instances of %v", len(n.instances), n.instances[0].Samples())
	}
	three := run(t, n.instances[0], 7)
	alone := make([]float32, out)
	if err := n.instances[0].Run(1, samples(7)[6*in:], alone); err != nil || !slices.Equal(alone, three[6*out:]) {
		t.Errorf("alone %v (%v), in a batch %v", alone, err, three[6*out:])
	}
	if err := n.instances[0].Run(2, samples(1), alone); err == nil {
		t.Error("a sample is missing")
	}
}

func TestNoBatch(t *testing.T) {
	net, err := nn.New(nn.Sequential(nn.Func("whole", sumOfBatch)), tensor.Shape{3, 4, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := New(net, SingleDevice(cpu.Default()), Options{Batch: 4}); err == nil {
		t.Errorf("%v: a result for the whole batch", n)
	}
}

// sumOfBatch is a layer whose result is not one of samples.
func sumOfBatch(x *graph.Node) *graph.Node { return graph.Sum(x, 0, 2, 3) }

// A batch that is alone has all threads; others have a share, as many as there are; and
// whoever waits gets what is released.
func TestDevices(t *testing.T) {
	d := NewDevices(cpu.Options{Threads: 4}, 2)
	defer d.Close()
	if d.Lanes() != 2 || len(d.all) != 3 || d.all[0].(*cpu.Device).Threads() != 4 || d.all[2].(*cpu.Device).Threads() != 2 {
		t.Fatalf("%d devices", len(d.all))
	}
	a, b := d.acquire(false), d.acquire(false)
	if a == 0 || b == 0 || a == b {
		t.Errorf("shares %d and %d", a, b)
	}
	got := make(chan int)
	go func() { got <- d.acquire(true) }()
	d.release(a)
	select {
	case lane := <-got:
		t.Errorf("device %d while a share is in use", lane)
	case <-time.After(10 * time.Millisecond):
	}
	d.release(b)
	if lane := <-got; lane != 0 {
		t.Errorf("device %d", lane)
	}
	go func() { got <- d.acquire(false) }()
	select {
	case lane := <-got:
		t.Errorf("share %d while all threads are in use", lane)
	case <-time.After(10 * time.Millisecond):
	}
	d.release(0)
	d.release(<-got)
	if one := NewDevices(cpu.Options{Threads: 4}, 1); one.Lanes() != 1 || one.acquire(false) != 0 {
		t.Error("one batch at a time is not computed on all threads")
	}
	if many := NewDevices(cpu.Options{Threads: 2}, 9); many.Lanes() != 2 {
		t.Errorf("%d lanes on 2 threads", many.Lanes())
	}
}
