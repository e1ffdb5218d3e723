package train_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
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

// A network that estimates numbers: here how bright an image is on the average.
func ExampleFit_regression() {
	images := bars(60)
	set := data.WithTargets(images, tensor.Shape{1}, func(i int, target []float32) error {
		sum := 0
		for _, b := range images.Bytes(i) {
			sum += int(b)
		}
		target[0] = float32(sum) / 255 / 36
		return nil
	})
	model, err := nn.New(nn.Sequential(nn.Flatten(), nn.Linear(1)), tensor.Shape{1, 6, 6}, nn.Options{Seed: 1})
	if err != nil {
		panic(err)
	}
	history, err := train.Fit(context.Background(), model, set, data.Limit(set, 20), train.Config{
		Epochs: 20, BatchSize: 10, LearningRate: .1, Loss: nn.MSELoss,
	})
	if err != nil {
		panic(err)
	}
	fmt.Printf("mean squared error below 0.005: %v, accuracy %v\n", history.Last().TestLoss < 0.005, history.Last().TestAccuracy)
	// Output: mean squared error below 0.005: true, accuracy NaN
}

// The book's edge detector: a kernel that is found by gradient descent.
func ExampleMinimizer() {
	x := tensor.Must(tensor.FromSlice([]float32{1, 1, 0, 0, 0, 0, 1, 1}, 1, 1, 1, 8))
	y := tensor.Must(tensor.FromSlice([]float32{0, 1, 0, 0, 0, -1, 0}, 1, 1, 1, 7))
	kernel := &graph.Variable{Name: "kernel", Value: tensor.New(1, 1, 1, 2), Trainable: true}
	step := train.NewMinimizer(nil, optim.SGD{}, []*graph.Variable{kernel}, func(x, y *graph.Node) *graph.Node {
		return nn.MSELoss(graph.Conv2D(x, x.Graph().Variable(kernel), nil, graph.Window{}, 1), y)
	})
	defer step.Close()
	for range 100 {
		if _, err := step.Run(0.5, x, y); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%.3f\n", kernel.Value.Data())
	// Output: [1.000 -1.000]
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
	//   label \ predicted   0   1   2
	// 0 top                10   ·   ·
	// 1 middle              ·  10   ·
	// 2 bottom              ·   ·  10
}
