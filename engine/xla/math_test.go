package xla

import (
	"context"
	"math"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// losses trains a LeNet with batch normalization on Fashion-MNIST's sample for ten steps
// and returns the loss of each.
func losses(t *testing.T, d engine.Device) (losses []float64) {
	t.Helper()
	set, err := fashionmnist.Load(context.Background(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	images := make([]int, 320)
	for i := range images {
		images[i] = i
	}
	part, err := data.Subset(set.Train, images)
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(zoo.LeNetBN(10), tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	config := train.Config{Epochs: 1, BatchSize: 32, LearningRate: 0.1, Device: d, Workers: 1}
	config.Callbacks.OnStep = func(s train.StepInfo) { losses = append(losses, s.Loss) }
	if _, err := train.Fit(context.Background(), model, part, nil, config); err != nil {
		t.Fatal(err)
	}
	return losses
}

// A network trains on the device as it does on the cpu engine: within float32's rounding,
// and in mixed precision within that of bfloat16.
func TestMath(t *testing.T) {
	newTestDevice(t, Options{}) // skips without a plugin
	want := losses(t, cpu.Default())
	for _, test := range []struct {
		name        string
		math        Math
		least, most float64
	}{
		{"strict", Strict, 0, 3e-6},
		{"fast", Fast, 0, 3e-3},
		{"bf16", BF16, 1e-5, 1e-2},
	} {
		t.Run(test.name, func(t *testing.T) {
			off := 0.0
			for i, got := range losses(t, newTestDevice(t, Options{Math: test.math})) {
				off = math.Max(off, math.Abs(got-want[i])/want[i])
			}
			if t.Logf("losses are off by %.2g", off); off < test.least || !(off <= test.most) {
				t.Errorf("losses are off by %.2g, want %.2g to %.2g", off, test.least, test.most)
			}
		})
	}
}
