package train_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/train/internal/traintest"
)

// bits returns all values of a model.
func bits(m *nn.Model) (all []uint32) {
	for _, e := range m.State() {
		for _, v := range e.Tensor.Data() {
			all = append(all, math.Float32bits(v))
		}
	}
	return all
}

func TestFindLearningRate(t *testing.T) {
	t.Parallel()
	model := traintest.Tiny(t, 3)
	before := bits(model)
	config := train.Config{BatchSize: 8, Optimizer: optim.SGD{Momentum: 0.9}, Device: traintest.Device, Seed: 2}
	steps := 0
	c, err := train.FindLearningRate(t.Context(), model, traintest.Bars(28), config, train.RateOptions{Max: 1e6, OnStep: func(done, total int) {
		if steps++; done != steps || total != 100 {
			t.Errorf("step %d is told as %d of %d", steps, done, total)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(bits(model), before) {
		t.Error("the model has changed")
	}
	n := len(c.Rates)
	if !c.Diverged || n < 30 || n > 99 || n != len(c.Losses) || n != len(c.BatchLosses) || steps != n {
		t.Errorf("%d steps, %d losses, diverged %v", n, len(c.Losses), c.Diverged)
	}
	for i, rate := range c.Rates {
		if want := 1e-7 * math.Pow(1e13, float64(i)/99); math.Abs(rate/want-1) > 1e-12 {
			t.Errorf("rate %d is %v, want %v", i, rate, want)
		}
	}
	if math.Abs(c.Losses[0]-c.BatchLosses[0]) > 1e-12 {
		t.Errorf("the first smoothed loss is %v, of the batch %v", c.Losses[0], c.BatchLosses[0])
	}
	if least := slices.Min(c.Losses); c.Losses[n-1] <= 4*least || c.Losses[n-2] > 4*least {
		t.Errorf("stopped at %v after %v, the least was %v", c.Losses[n-1], c.Losses[n-2], least)
	}
	for _, rate := range []float64{c.Steepest, c.Valley} {
		if i := slices.Index(c.Rates, rate); i < 10 || i >= n-5 {
			t.Errorf("suggested %v, which is rate %d of %d", rate, i, n)
		}
	}
	// The same again: nothing is left of the first search.
	again, err := train.FindLearningRate(t.Context(), model, traintest.Bars(28), config, train.RateOptions{Max: 1e6})
	if err != nil || !slices.Equal(again.BatchLosses, c.BatchLosses) {
		t.Errorf("a second search differs: %v", err)
	}
}

// Where the loss falls steadily, it is not stopped, and the suggestions are those of
// the formulas.
func TestFindLearningRateWithoutEnd(t *testing.T) {
	t.Parallel()
	c, err := train.FindLearningRate(t.Context(), traintest.Tiny(t, 3), traintest.Bars(6), train.Config{BatchSize: 64, Device: traintest.Device},
		train.RateOptions{Min: 1e-3, Max: 0.1, Steps: 20})
	if err != nil || c.Diverged || len(c.Rates) != 20 || math.Abs(c.Rates[19]-0.1) > 1e-12 {
		t.Errorf("%+v, %v", c, err)
	}
	flat, err := train.FindLearningRate(t.Context(), traintest.Tiny(t, 3), traintest.Bars(6), train.Config{BatchSize: 64, Device: traintest.Device},
		train.RateOptions{Steps: 6})
	if err != nil || flat.Steepest != 0 || flat.Valley != 0 || len(flat.Rates) != 6 {
		t.Errorf("too few steps for a suggestion: %+v, %v", flat, err)
	}
}

func TestFindLearningRateFails(t *testing.T) {
	t.Parallel()
	good := train.Config{BatchSize: 8, Device: traintest.Device}
	broken := traintest.Bars(28)
	nan := nanSet{broken}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		set    data.Dataset
		config train.Config
		o      train.RateOptions
		want   string
	}{
		{t.Context(), broken, good, train.RateOptions{Min: 1, Max: 0.1}, "learning rates from 1 to 0.1"},
		{t.Context(), broken, good, train.RateOptions{Min: -1}, "learning rates from -1 to 10"},
		{t.Context(), broken, good, train.RateOptions{Max: math.NaN()}, "learning rates from 1e-07 to NaN"},
		{t.Context(), broken, good, train.RateOptions{Steps: 1}, "1 steps: want at least 2"},
		{t.Context(), broken, train.Config{}, train.RateOptions{}, "batch size 0"},
		{t.Context(), nil, good, train.RateOptions{}, "there is no training set"},
		{t.Context(), nan, good, train.RateOptions{}, "NaN"},
		{cancelled, broken, good, train.RateOptions{}, "interrupted after 0 steps"},
	} {
		model := traintest.Tiny(t, 3)
		before := bits(model)
		_, err := train.FindLearningRate(c.ctx, model, c.set, c.config, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if errors.Is(err, train.ErrInterrupted) != (c.ctx == cancelled) {
			t.Errorf("%v", err)
		}
		if !slices.Equal(bits(model), before) {
			t.Errorf("%v: the model has changed", err)
		}
	}
}

// nanSet has a NaN in each image.
type nanSet struct{ *data.Images }

func (s nanSet) Read(i int, pixels []float32) (int, error) {
	label, err := s.Images.Read(i, pixels)
	pixels[3] = float32(math.NaN())
	return label, err
}

func ExampleFindLearningRate() {
	set, err := data.NewImages([]uint8{0, 50, 100, 150, 200, 250, 25, 75}, []int{0, 1, 0, 1, 0, 1, 0, 1}, tensor.Shape{1, 1, 1}, []string{"even", "odd"})
	if err != nil {
		panic(err)
	}
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(2)), tensor.Shape{1, 1, 1}, nn.Options{})
	if err != nil {
		panic(err)
	}
	curve, err := train.FindLearningRate(context.Background(), model, set, train.Config{BatchSize: 4}, train.RateOptions{Steps: 50})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(curve.Rates) <= 50, curve.Valley < 10)
	// Output: true true
}
