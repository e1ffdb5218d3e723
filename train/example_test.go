package train_test

import (
	"context"
	"fmt"

	"github.com/strideml/stride/engine/reference"
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
		Epochs: 5, BatchSize: 10, LearningRate: .5, Device: reference.New(),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(history.Rows), history.Last().TestAccuracy)
	// Output: 5 1
}
