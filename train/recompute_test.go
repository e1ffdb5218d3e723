package train_test

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/safetensors"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// weightsAfter trains for some steps and returns the losses and all variables.
func weightsAfter(t *testing.T, d engine.Device, net nn.Layer, side, steps int, budget int64) []float32 {
	t.Helper()
	const batch = 8
	model, err := nn.New(net, tensor.Shape{1, side, side}, nn.Options{Seed: 3, Init: nn.XavierUniform()})
	if err != nil {
		t.Fatal(err)
	}
	s := train.NewStepper(model, d, optim.SGD{Momentum: 0.9})
	defer s.Close()
	s.SetMemoryBudget(budget)
	b := &data.Batch{Images: tensor.New(batch, 1, side, side), Labels: tensor.New(batch)}
	r := rng.New(5, "images")
	var all []float32
	for step := range steps {
		rng.Uniform(r, b.Images.Data(), 0, 1)
		for i := range batch {
			b.Labels.Data()[i] = float32(r.IntN(10))
		}
		loss, _, err := s.Run(b, uint64(step), 0.02)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, float32(loss))
	}
	for _, v := range model.State() {
		all = append(all, v.Tensor.Data()...)
	}
	return all
}

// least returns the smallest budget that works, from the error for one that
// does not.
func least(t *testing.T, d engine.Device, net nn.Layer, side, batch int) int64 {
	t.Helper()
	model, err := nn.New(net, tensor.Shape{1, side, side}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := train.NewStepper(model, d, optim.SGD{Momentum: 0.9})
	defer s.Close()
	s.SetMemoryBudget(1)
	_, err = s.Program(batch)
	if !errors.Is(err, train.ErrBudget) {
		t.Fatalf("a budget of one byte: %v", err)
	}
	m := regexp.MustCompile(fmt.Sprintf(`batches of %d need at least ([0-9.]+) MB`, batch)).FindStringSubmatch(err.Error())
	if m == nil {
		t.Fatalf("no least budget in %q", err)
	}
	mb, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(math.Round(mb * 1e6))
}

func TestMemoryBudgetChangesNoBit(t *testing.T) {
	device := cpu.New(cpu.Options{Threads: 2})
	defer device.Close()
	for _, c := range []struct {
		name string
		net  func() nn.Layer
		side int
		// saves is the share of the step's memory that must be saved at least.
		saves float64
	}{
		{"resnet", func() nn.Layer { return zoo.ResNet(10, zoo.ResNetConfig{Ratio: 8}) }, 96, 0.25},
		{"densenet", func() nn.Layer { return zoo.DenseNet(10, zoo.DenseNetConfig{Channels: 16, Growth: 8}) }, 96, 0.15},
		{"vgg", func() nn.Layer { return zoo.VGG(10, zoo.VGGConfig{Ratio: 16, Hidden: 64}) }, 96, 0.05},
		{"googlenet", func() nn.Layer { return zoo.GoogLeNet(10, zoo.GoogLeNetConfig{Ratio: 8}) }, 96, 0.005},
	} {
		t.Run(c.name, func(t *testing.T) {
			model, err := nn.New(c.net(), tensor.Shape{1, c.side, c.side}, nn.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := train.NewStepper(model, device, optim.SGD{Momentum: 0.9})
			defer s.Close()
			whole, err := s.Memory(8)
			if err != nil {
				t.Fatal(err)
			}
			budget := least(t, device, c.net(), c.side, 8)
			fixed := whole.Total() - whole.Program
			if saved := 1 - float64(budget-fixed)/float64(whole.Program); saved < c.saves {
				t.Errorf("%d bytes of %d: saves %.2f of the program's memory, want %.2f", budget, whole.Total(), saved, c.saves)
			}
			want := weightsAfter(t, device, c.net(), c.side, 3, 0)
			for _, b := range []int64{budget, (budget + whole.Total()) / 2} {
				if !slices.Equal(weightsAfter(t, device, c.net(), c.side, 3, b), want) {
					t.Errorf("a budget of %d bytes changes the weights", b)
				}
			}
		})
	}
}

func TestMemoryBudgetNeedsAPlan(t *testing.T) {
	model, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := train.NewStepper(model, reference.New(), optim.SGD{})
	s.SetMemoryBudget(1 << 30)
	if _, err := s.Program(2); !errors.Is(err, train.ErrBudget) {
		t.Errorf("reference engine: %v", err)
	}
	s.SetMemoryBudget(0)
	if _, err := s.Memory(2); err == nil {
		t.Error("the reference engine predicts its memory")
	}
}

// A run within a budget says what it does, and ends with the same weights.
func TestFitWithinABudget(t *testing.T) {
	t.Parallel()
	model := func() *nn.Model {
		net := nn.Sequential(
			nn.Conv2D(64, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.Conv2D(64, 3).Pad(1), nn.BatchNorm(), nn.ReLU(),
			nn.Conv2D(64, 3).Pad(1), nn.BatchNorm(), nn.ReLU(), nn.Flatten(), nn.Linear(3))
		m, err := nn.New(net, tensor.Shape{1, 6, 6}, nn.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	config := train.Config{Epochs: 1, BatchSize: 28, LearningRate: 0.1, Device: device}
	s := train.NewStepper(model(), device, optim.SGD{})
	defer s.Close()
	need, err := s.Memory(28)
	if err != nil {
		t.Fatal(err)
	}
	var want []safetensors.Entry
	for _, budget := range []int64{0, need.Total() - 1} {
		config.MemoryBudget = budget
		var lines []string
		config.Log = func(line string) { lines = append(lines, line) }
		m := model()
		if _, err := train.Fit(t.Context(), m, bars(28), nil, config); err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, "the backward pass computes 1 value again") })
		if said != (budget > 0) {
			t.Errorf("a budget of %d bytes: %q", budget, lines)
		}
		if want == nil {
			want = m.State()
		}
		for i, v := range m.State() {
			if !v.Tensor.Equal(want[i].Tensor) {
				t.Errorf("a budget of %d bytes: %s differs", budget, v.Name)
			}
		}
	}
	for _, budget := range []int64{1, -1} {
		config.MemoryBudget = budget
		if _, err := train.Fit(t.Context(), model(), bars(28), nil, config); err == nil || budget > 0 && !errors.Is(err, train.ErrBudget) {
			t.Errorf("a budget of %d bytes: %v", budget, err)
		}
	}
}
