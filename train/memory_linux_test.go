package train_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// residentBytes is the memory that the process has now.
func residentBytes(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * int64(os.Getpagesize())
}

// What is predicted without running a step is what the system counts after
// some, within a tenth, and compiling takes next to nothing. The test does not
// run beside others.
func TestMemoryIsPredicted(t *testing.T) {
	if testing.Short() {
		t.Skip("measures resident memory, to which the race detector adds")
	}
	const batch, side = 24, 96
	for _, c := range []struct {
		name   string
		budget float64 // of what the step takes without one
	}{{"whole", 0}, {"within a budget", 0.8}} {
		t.Run(c.name, func(t *testing.T) {
			device := cpu.New(cpu.Options{Threads: 2})
			defer device.Close()
			before := residentBytes(t)
			model, err := nn.New(zoo.ResNet(10, zoo.ResNetConfig{Ratio: 2}), tensor.Shape{1, side, side}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := train.NewStepper(model, device, optim.SGD{Momentum: 0.9})
			defer s.Close()
			want, err := s.Memory(batch)
			if err == nil && c.budget > 0 {
				s.Close()
				s.SetMemoryBudget(int64(c.budget * float64(want.Total())))
				want, err = s.Memory(batch)
				if err == nil && (want.Recomputed == 0 || want.Total() > int64(c.budget*float64(want.Total()))*2) {
					t.Errorf("recomputes %d values for %d bytes", want.Recomputed, want.Total())
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if compiled := residentBytes(t) - before - want.Parameters - want.Optimizer; compiled > want.Program/5 {
				t.Errorf("compiling takes %d bytes of the %d that running does", compiled, want.Program)
			}
			b := &data.Batch{Images: tensor.Full(0.5, batch, 1, side, side), Labels: tensor.New(batch)}
			for step := range 2 {
				if _, _, err := s.Run(b, uint64(step), 0.01); err != nil {
					t.Fatal(err)
				}
			}
			got := residentBytes(t) - before
			if off := float64(want.Total())/float64(got) - 1; off < -0.1 || off > 0.1 {
				t.Errorf("predicted %d bytes, %d measured: off by %.0f %%", want.Total(), got, 100*off)
			}
		})
	}
}

// A training step of each network of the book takes at most 0.6 of the memory
// that PyTorch's takes, process and all.
func TestMemoryAgainstPyTorch(t *testing.T) {
	const process = 15e6 // of stride bench without a network
	device := cpu.New(cpu.Options{Threads: 2})
	defer device.Close()
	for _, c := range []struct {
		net   string
		batch int
		// pytorch is the peak of the resident set after three steps of SGD
		// with PyTorch 1.13 on two threads, in MB: the lower of NCHW and
		// channels last.
		pytorch float64
	}{
		{"lenet", 256, 277}, {"lenet-bn", 256, 280}, {"alexnet", 64, 1010}, {"vgg", 64, 1564},
		{"nin", 64, 949}, {"googlenet", 64, 839}, {"resnet18", 64, 767}, {"densenet", 64, 814},
	} {
		spec, err := zoo.Get(c.net)
		if err != nil {
			t.Fatal(err)
		}
		model, err := nn.New(spec.New(spec.Classes), spec.Input, nn.Options{Init: nn.Constant(0)})
		if err != nil {
			t.Fatal(err)
		}
		s := train.NewStepper(model, device, optim.SGD{})
		m, err := s.Memory(c.batch)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		share := (float64(m.Total()) + process) / (1e6 * c.pytorch)
		t.Logf("%s: %.0f MB, %.2f of PyTorch's", c.net, (float64(m.Total())+process)/1e6, share)
		if share > 0.6 {
			t.Errorf("%s takes %.2f of the memory of PyTorch", c.net, share)
		}
	}
}
