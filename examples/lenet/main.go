// Command lenet is LeNet in twenty lines: the network, its model, the data and
// the training, on the small sample of Fashion-MNIST that the library carries.
//
//	go run ./examples/lenet
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func main() {
	if _, err := run(context.Background(), os.Stdout, 25); err != nil {
		fmt.Fprintln(os.Stderr, "lenet:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, epochs int) (*train.History, error) {
	net := nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.Sigmoid(), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.Sigmoid(), nn.AvgPool2D(2), nn.Flatten(),
		nn.Linear(120), nn.Sigmoid(), nn.Linear(84), nn.Sigmoid(), nn.Linear(10))
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 0, Init: nn.XavierUniform()})
	if err != nil {
		return nil, err
	}
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		return nil, err
	}
	return train.Fit(ctx, model, set.Train, set.Test, train.Config{
		Epochs: epochs, BatchSize: 16, LearningRate: 1,
		Callbacks: train.Callbacks{OnEpoch: func(e train.EpochInfo) {
			fmt.Fprintf(w, "epoch %2d  loss %.3f  train accuracy %.3f  test accuracy %.3f\n", e.Epoch, e.TrainLoss, e.TrainAccuracy, e.TestAccuracy)
		}},
	})
}
