package xla

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/internal/rng"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

// squares are images with a bright square whose place is their class.
type squares int

func (s squares) Len() int               { return int(s) }
func (squares) ImageShape() tensor.Shape { return tensor.Shape{1, 8, 8} }
func (squares) Classes() []string {
	return []string{"upper left", "upper right", "lower left", "lower right"}
}

func (squares) Read(i int, pixels []float32) (label int, err error) {
	r := rng.New(1, "squares", uint64(i))
	label = i % 4
	for k := range pixels {
		pixels[k] = r.Float32() / 2
		if k/8/4 == label/2 && k%8/4 == label%2 {
			pixels[k] += 0.4
		}
	}
	return label, nil
}

func squaresModel(t *testing.T) *nn.Model {
	t.Helper()
	net := nn.Sequential(
		nn.Conv2D(8, 3).Pad(1), nn.BatchNorm(), nn.Tanh(), nn.AvgPool2D(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(4))
	m, err := nn.New(net, tensor.Shape{1, 8, 8}, nn.Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// epochs trains for two epochs on each of the devices in turn, each from the checkpoint of
// the one before, and returns the model and the losses.
func epochs(t *testing.T, m *nn.Model, devices ...engine.Device) (*nn.Model, []float64) {
	t.Helper()
	var losses []float64
	config := train.Config{
		BatchSize: 16, LearningRate: 0.02, Seed: 5, Dir: filepath.Join(t.TempDir(), "run"), Optimizer: optim.SGD{Momentum: 0.9},
	}
	for i, d := range devices {
		config.Device, config.Resume, config.Epochs = d, i > 0, 2*(i+1)
		if i > 0 {
			m = squaresModel(t) // what it has does not matter
		}
		history, err := train.Fit(t.Context(), m, squares(100), squares(20), config)
		if err != nil {
			t.Fatal(err)
		}
		losses = losses[:0]
		for _, row := range history.Rows {
			losses = append(losses, row.TrainLoss, row.TestLoss)
		}
	}
	return m, losses
}

// A run may move between engines: from the cpu engine to a plugin and back it ends where
// it would have ended on the cpu engine, but for rounding. How much that may be is
// measured by noise on the first weights.
func TestRunMovesBetweenEngines(t *testing.T) {
	device, home := newTestDevice(t, Options{}), cpu.Default()
	want, wantLosses := epochs(t, squaresModel(t), home, home, home)
	shaken := squaresModel(t)
	r := rng.New(6, "noise of a run that moves")
	for _, p := range shaken.Parameters() {
		for i, v := range p.Value.Data() {
			p.Value.Data()[i] = v * float32(1+1e-6*r.NormFloat64())
		}
	}
	noisy, noisyLosses := epochs(t, shaken, home, home, home)
	got, losses := epochs(t, squaresModel(t), home, device, home)

	if len(losses) != len(wantLosses) || !(wantLosses[len(wantLosses)-1] < 0.8*wantLosses[1]) {
		t.Fatalf("losses %v, want %v, which fall", losses, wantLosses)
	}
	for i, w := range wantLosses {
		if slack := 3*math.Abs(noisyLosses[i]-w) + 1e-5*w; !(math.Abs(losses[i]-w) <= slack) {
			t.Errorf("loss %d is %v, want %v ± %.1e", i, losses[i], w, slack)
		}
	}
	other := noisy.State()
	for k, e := range want.State() {
		off, slack, size := 0.0, 0.0, 0.0
		for i, w := range e.Tensor.Data() {
			off += math.Pow(float64(got.State()[k].Tensor.Data()[i]-w), 2)
			slack += math.Pow(float64(other[k].Tensor.Data()[i]-w), 2)
			size += float64(w) * float64(w)
		}
		if allowed := 3*math.Sqrt(slack) + 1e-6*math.Sqrt(size); !(math.Sqrt(off) <= allowed) {
			t.Errorf("%s is off by %.1e, allowed are %.1e", e.Name, math.Sqrt(off), allowed)
		}
	}
}

var _ data.Dataset = squares(0)
