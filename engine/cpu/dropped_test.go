package cpu_test

import (
	"image"
	"runtime"
	"testing"
	"time"

	"github.com/strideml/stride/classify"
	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/cpu/internal/exec"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// collect runs the garbage collector until done, for two seconds at most.
func collect(done func() bool) bool {
	for range 200 {
		runtime.GC()
		if done() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// Everything that compiles programs gives their memory back when it is dropped without
// Close: what programs share, and what they keep between runs, such as packed weights.
func TestDroppedOwnersGiveMemoryBack(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is in the Go heap on this system")
	}
	net := func() *nn.Model {
		m, err := nn.New(nn.Sequential(nn.Conv2D(16, 3).Pad(1), nn.ReLU(), nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 8, 8}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	x, y := tensor.Full(1, 8, 1, 8, 8), tensor.New(8)
	set, err := data.NewImages(make([]uint8, 8*64), make([]int, 8), tensor.Shape{1, 8, 8}, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func(d engine.Device) error{
		"nn.Model": func(d engine.Device) error { return net().WarmUp(d, 1, 8) },
		"train.Stepper": func(d engine.Device) error {
			_, _, err := train.NewStepper(net(), d, optim.SGD{}).Run(&data.Batch{Images: x, Labels: y}, 0, 0.1)
			return err
		},
		"train.Minimizer": func(d engine.Device) error {
			m := net()
			_, err := train.NewMinimizer(d, nil, m.Parameters(), func(x, y *graph.Node) *graph.Node {
				return nn.CrossEntropyLoss(m.Forward(x, nn.Train), y)
			}).Run(0.1, x, y)
			return err
		},
		"classify.Classifier": func(engine.Device) error {
			m := net()
			c, err := classify.New(&modelfolder.Model{Net: m, Classes: set.Classes(), Preprocessing: preprocess.Config{InputSize: m.Input()}}, classify.Options{CPU: cpu.Options{Threads: 2}})
			if err != nil {
				return err
			}
			picture := image.NewGray(image.Rect(0, 0, 8, 8))
			_, err = c.PredictBatch(t.Context(), []image.Image{picture, picture, picture, picture}, 1)
			return err
		},
		"a replica": func(d engine.Device) error {
			trace, err := net().Trace(8, nn.Eval)
			if err != nil {
				return err
			}
			p, err := d.Compile(trace.Graph, trace.Output)
			if err != nil {
				return err
			}
			q, err := p.(engine.Replicator).Replicate(cpu.New(cpu.Options{Threads: 1}))
			if err != nil {
				return err
			}
			return q.Run(engine.Feeds{trace.Input: x}, []*tensor.Tensor{tensor.New(8, 3)})
		},
		// These close what they make.
		"train.Fit": func(d engine.Device) error {
			_, err := train.Fit(t.Context(), net(), set, set, train.Config{Epochs: 1, BatchSize: 4, LearningRate: 0.1, Device: d})
			return err
		},
		"train.Evaluate": func(d engine.Device) error {
			_, err := train.Evaluate(t.Context(), net(), set, train.EvalConfig{Device: d})
			return err
		},
	} {
		d := cpu.New(cpu.Options{Threads: 2})
		before := exec.MappedBytes()
		collect(func() bool { // what earlier tests have dropped
			was := before
			before = exec.MappedBytes()
			return was == before
		})
		if err := use(d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if closes := name == "train.Fit" || name == "train.Evaluate"; !closes && exec.MappedBytes() <= before {
			t.Errorf("%s holds no memory outside of the heap", name)
		}
		if !collect(func() bool { return exec.MappedBytes() <= before }) {
			t.Errorf("%s is dropped and holds %d bytes still", name, exec.MappedBytes()-before)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The goroutines of a device that is dropped without Close end.
func TestDroppedDeviceEndsItsWorkers(t *testing.T) {
	const threads = 40
	before := -1
	collect(func() bool { // devices of earlier tests
		was := before
		before = runtime.NumGoroutine()
		return was == before
	})
	func() {
		d := cpu.New(cpu.Options{Threads: threads})
		g := graph.New()
		in := g.Input("x", 4)
		if _, err := engine.Run(d, engine.Feeds{in: tensor.New(4)}, graph.Neg(in)); err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); n < before+threads/2 {
			t.Errorf("%d goroutines with a device of %d threads, %d before", n, threads, before)
		}
	}()
	if !collect(func() bool { return runtime.NumGoroutine() <= before+2 }) {
		t.Errorf("%d goroutines are left, %d before", runtime.NumGoroutine(), before)
	}
}
