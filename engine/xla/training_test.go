package xla

import (
	"errors"
	"testing"

	"github.com/strideml/stride/train"
)

// Training moves its batches to the device and its losses back, and nothing else.
func TestTrainingMovesBatches(t *testing.T) {
	d := newTestDevice(t, Options{})
	const batch, from, steps = 16, 30, 10 // the first steps fetch the weights, to explain what goes wrong
	var before, after Traffic
	step := 0
	config := train.Config{
		BatchSize: batch, LearningRate: 0.02, Seed: 5, Epochs: 1, Device: d,
		Callbacks: train.Callbacks{OnStep: func(train.StepInfo) {
			switch step++; step {
			case from:
				before = d.Traffic()
			case from + steps:
				after = d.Traffic()
			}
		}},
	}
	if _, err := train.Fit(t.Context(), squaresModel(t), squares(50*batch), nil, config); err != nil {
		t.Fatal(err)
	}
	const (
		in  = batch*(8*8+1) + 3 + 1 // images, labels, the number of the step, the learning rate
		out = 2                     // the loss and how many are right
	)
	want := Traffic{before.ToDevices + 4*steps*in, before.FromDevices + 4*steps*out}
	if after != want {
		t.Errorf("%d steps: traffic %+v, want %+v after %+v", steps, after, want, before)
	}
}

// A memory budget is held against what XLA plans. XLA merges what is computed twice, so that
// no values can be dropped for it.
func TestMemoryBudget(t *testing.T) {
	d := newTestDevice(t, Options{})
	const batch = 64
	s := train.NewStepper(squaresModel(t), d, nil)
	defer s.Close()
	need, err := s.Memory(batch)
	if err != nil || need.Program < 4*batch*8*8 {
		t.Fatalf("%+v, error %v", need, err)
	}
	for _, budget := range []int64{need.Total(), need.Total() / 2} {
		s := train.NewStepper(squaresModel(t), d, nil)
		defer s.Close()
		s.SetMemoryBudget(budget)
		_, err := s.Memory(batch)
		if fits := budget >= need.Total(); fits != (err == nil) || !fits && !errors.Is(err, train.ErrBudget) {
			t.Errorf("a budget of %d bytes for %d: error %v", budget, need.Total(), err)
		}
	}
}
