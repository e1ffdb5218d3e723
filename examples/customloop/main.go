// Command customloop is a custom training loop: the lines of fit do what
// train.Fit does. A small convolutional
// network learns the sample of Fashion-MNIST that the library carries.
//
//	go run ./examples/customloop
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/engine"
	"github.com/strideml/stride/engine/cpu"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/optim"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func main() {
	if err := run(context.Background(), os.Stdout, 0, 5); err != nil {
		fmt.Fprintln(os.Stderr, "customloop:", err)
		os.Exit(1)
	}
}

// fit trains a model and returns the loss of the last batch.
func fit(ctx context.Context, device engine.Device, model *nn.Model, loader *data.Loader, epochs int) (loss float64, err error) {
	step := train.NewMinimizer(device, optim.SGD{Momentum: 0.9}, model.Parameters(), func(x, y *graph.Node) *graph.Node {
		return nn.CrossEntropyLoss(model.Forward(x, nn.Train), y) // forward pass and loss
	})
	defer step.Close()
	for epoch := range epochs {
		for b, err := range loader.Epoch(ctx, epoch, 0) {
			if err != nil {
				return 0, err
			}
			if loss, err = step.Run(0.02, b.Images, b.Labels); err != nil { // gradients and update
				return 0, err
			}
		}
	}
	return loss, nil
}

// run trains on the first images of the sample, all of them if limit is 0, and
// prints the loss and the accuracy on the test images.
func run(ctx context.Context, w io.Writer, limit, epochs int) error {
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		return err
	}
	loader, err := data.NewLoader(data.Limit(set.Train, limit), data.LoaderConfig{BatchSize: 32, Shuffle: true, Seed: 1})
	if err != nil {
		return err
	}
	net := nn.Sequential(
		nn.Conv2D(8, 5), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(16, 5), nn.BatchNorm(), nn.ReLU(), nn.MaxPool2D(2),
		nn.Flatten(), nn.Dropout(0.2), nn.Linear(10))
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Seed: 1})
	if err != nil {
		return err
	}
	device := cpu.New(cpu.Options{})
	defer device.Close()
	loss, err := fit(ctx, device, model, loader, epochs)
	if err != nil {
		return err
	}
	result, err := train.Evaluate(ctx, model, set.Test, train.EvalConfig{Device: device})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "loss of the last batch %.3f, test accuracy %.3f\n", loss, result.Accuracy)
	return nil
}
