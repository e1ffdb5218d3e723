package step

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/engine/reference"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train/internal/objective"
)

// The steps of testdata/make_recipe.py.
func TestRecipeAgreesWithPyTorch(t *testing.T) {
	var golden struct {
		Losses         []float64
		State, Average map[string][]float64
	}
	b, err := os.ReadFile("testdata/recipe.json")
	if err == nil {
		err = json.Unmarshal(b, &golden)
	}
	if err != nil || len(golden.Losses) != 8 {
		t.Fatal(len(golden.Losses), err)
	}
	for _, device := range []engine.Device{reference.New(), cpu.New(cpu.Options{Threads: 2})} {
		t.Run(device.Name(), func(t *testing.T) {
			model := recipeModel(t)
			training := &Training{
				Model: model, Device: device,
				Optimizer: optim.ClipNorm{Max: 0.7, Of: optim.Groups{Of: optim.AdamW{WeightDecay: 0.1}, NoDecay: true}},
				Objective: objective.Objective{Classes: 3, Entropy: nn.CrossEntropy{LabelSmoothing: 0.1, Weights: []float32{1, 2, 0.5}}},
				Phases:    []nn.Frozen{only("0", "1"), {}}, FullBatch: 4, EMA: optim.EMA{Decay: 0.8},
			}
			s := NewSingle(training)
			defer s.Close()
			step, image := 0, 0
			for epoch := range 2 {
				for k, n := range []int{4, 4, 4, 2} {
					b := &data.Batch{Images: tensor.New(n, 1, 5, 5), Labels: tensor.New(n)}
					for i := range b.Images.Data() {
						j := float64(image*25 + i)
						b.Images.Data()[i] = float32(math.Cos(0.37*j + 0.011*j*j))
					}
					for i := range n {
						b.Labels.Data()[i] = float32((image + i) % 3)
					}
					image += n
					loss, _, err := s.Run(b, At{
						Step: uint64(step), Update: uint64(step / 2), Phase: epoch, Rate: 0.02,
						First: k%2 == 0, Last: k%2 == 1, Images: []int{8, 8, 6, 6}[k],
					})
					if err != nil {
						t.Fatal(err)
					}
					if want := golden.Losses[step]; math.Abs(loss-want) > 2e-6 {
						t.Errorf("step %d: loss %v, PyTorch has %v", step, loss, want)
					}
					step++
				}
			}
			compare(t, "weights", model, golden.State)
			training.EMA.Swap(append(model.Parameters(), model.Buffers()...), &training.State)
			compare(t, "average", model, golden.Average)
		})
	}
}

// recipeModel has the weights that the script gives its network.
func recipeModel(t *testing.T) *nn.Model {
	model, err := nn.New(nn.Sequential(
		nn.Conv2D(3, 3).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.Conv2D(2, 2).NoBias(), nn.BatchNorm(), nn.ReLU(), nn.Flatten(), nn.Linear(3),
	), tensor.Shape{1, 5, 5}, nn.Options{})
	if err != nil {
		t.Fatal(err)
	}
	k := 0
	for _, e := range model.State() {
		variance := strings.HasSuffix(e.Name, "running_var")
		for i := range e.Tensor.Data() {
			v := 0.3 * math.Sin(1.7*float64(i)+float64(k))
			if variance {
				v = math.Abs(v) + 0.5
			}
			e.Tensor.Data()[i] = float32(v)
		}
		if k++; variance {
			k++ // PyTorch's num_batches_tracked
		}
	}
	return model
}

func compare(t *testing.T, what string, model *nn.Model, want map[string][]float64) {
	t.Helper()
	if len(want) != len(model.State()) {
		t.Errorf("%s: %d tensors, want %d", what, len(model.State()), len(want))
	}
	for _, e := range model.State() {
		for i, want := range want[e.Name] {
			if got := float64(e.Tensor.Data()[i]); math.Abs(got-want) > 3e-6 {
				t.Errorf("%s: %s %d is %v, PyTorch has %v", what, e.Name, i, got, want)
			}
		}
	}
}
