package train_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func ExampleFit() {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		panic(err)
	}
	history, err := train.Fit(context.Background(), model, bars(60), bars(30), train.Config{
		Epochs: 5, BatchSize: 10, LearningRate: .5,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(history.Rows), history.Last().TestAccuracy)
	// Output: 5 1
}

// A run that was interrupted goes on where it stood.
func ExampleFit_resume() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	network := func() *nn.Model {
		model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
		if err != nil {
			panic(err)
		}
		return model
	}
	ctx, cancel := context.WithCancel(context.Background()) // signal.NotifyContext in a program
	config := train.Config{
		Epochs: 5, BatchSize: 10, LearningRate: .5, Dir: dir,
		Callbacks: train.Callbacks{OnStep: func(s train.StepInfo) {
			if s.Step == 8 {
				cancel()
			}
		}},
	}
	_, err = train.Fit(ctx, network(), bars(60), bars(30), config)
	fmt.Println(errors.Is(err, train.ErrInterrupted))

	config.Resume = true
	history, err := train.Fit(context.Background(), network(), bars(60), bars(30), config)
	fmt.Println(err, len(history.Rows), history.Steps)
	// Output:
	// true
	// <nil> 5 30
}

func ExampleEvaluate() {
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(3)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		panic(err)
	}
	_, err = train.Fit(context.Background(), model, bars(60), nil, train.Config{Epochs: 5, BatchSize: 10, LearningRate: .5})
	if err != nil {
		panic(err)
	}
	e, err := train.Evaluate(context.Background(), model, bars(30), train.EvalConfig{})
	if err != nil {
		panic(err)
	}
	fmt.Println(e.Images, e.Accuracy)
	fmt.Print(e.Confusion)
	// Output:
	// 30 1
	//   label \ taken for   0   1   2
	// 0 top                10   ·   ·
	// 1 middle              ·  10   ·
	// 2 bottom              ·   ·  10
}
