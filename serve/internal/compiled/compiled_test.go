package compiled

import (
	"slices"
	"sync"
	"testing"

	"github.com/strideml/stride/engine"
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
		devices := []engine.Device{cpu.New(cpu.Options{Threads: 2}), cpu.New(cpu.Options{Threads: 1})}
		n, err := New(net, devices, Options{Batch: 32, Invariant: invariant})
		if err != nil {
			t.Fatal(err)
		}
		units := n.Instances()[0].Samples()
		if units[len(units)-1] != 1 || invariant != (len(units) == 1) || !slices.IsSortedFunc(units, func(a, b int) int { return b - a }) {
			t.Errorf("units of %v samples", units)
		}
		if n.MemoryBytes() == 0 {
			t.Error("no memory")
		}
		var single []float32
		for i := range 41 {
			y := make([]float32, out)
			if err := n.Instances()[0].Run(1, samples(41)[i*in:][:in], y); err != nil {
				t.Fatal(err)
			}
			single = append(single, y...)
		}
		for _, size := range []int{1, 2, 3, 7, 16, 32, 41} {
			results := make([][]float32, 2)
			var wg sync.WaitGroup
			for i, instance := range n.Instances() { // side by side
				wg.Go(func() { results[i] = run(t, instance, size) })
			}
			wg.Wait()
			if !slices.Equal(results[0], results[1]) {
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
		if err := n.Instances()[0].Run(1, samples(1), make([]float32, out)); err == nil {
			t.Error("a closed network computes")
		}
	}
}

// An engine without engine.Batcher computes single samples.
func TestOtherEngine(t *testing.T) {
	net := lenet(t)
	d := []engine.Device{reference.New(), reference.New()}
	n, err := New(net, d, Options{Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if len(n.Instances()) != 1 || !slices.Equal(n.Instances()[0].Samples(), []int{4, 2, 1}) {
		t.Errorf("%d instances of %v", len(n.Instances()), n.Instances()[0].Samples())
	}
	three := run(t, n.Instances()[0], 7)
	alone := make([]float32, out)
	if err := n.Instances()[0].Run(1, samples(7)[6*in:], alone); err != nil || !slices.Equal(alone, three[6*out:]) {
		t.Errorf("alone %v (%v), in a batch %v", alone, err, three[6*out:])
	}
	if err := n.Instances()[0].Run(2, samples(1), alone); err == nil {
		t.Error("a sample is missing")
	}
}

func TestNoBatch(t *testing.T) {
	net, err := nn.New(nn.Sequential(nn.Func("whole", sumOfBatch)), tensor.Shape{3, 4, 4}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := New(net, []engine.Device{cpu.Default()}, Options{Batch: 4}); err == nil {
		t.Errorf("%v: a result for the whole batch", n)
	}
}

// sumOfBatch is a layer whose result is not one of samples.
func sumOfBatch(x *graph.Node) *graph.Node { return graph.Sum(x, 0, 2, 3) }
