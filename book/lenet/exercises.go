package main

import (
	"context"
	"fmt"
	"os"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func count() error {
	//region count
	convolution := func(in, out, k int) int { return out*in*k*k + out } // weights and biases
	linear := func(in, out int) int { return out*in + out }
	sum := 0
	for _, n := range []int{
		convolution(1, 6, 5), convolution(6, 16, 5),
		linear(16*5*5, 120), linear(120, 84), linear(84, 10),
	} {
		fmt.Println(n)
		sum += n
	}
	fmt.Println("together", sum)
	//endregion
	return nil
}

//region quick

// quick trains a network for some epochs on the sample and prints how it does.
func quick(name string, net nn.Layer, lr float32, epochs int) error {
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, set.Train, set.Test,
		train.Config{Epochs: epochs, BatchSize: 16, LearningRate: lr})
	if err != nil {
		return err
	}
	last := history.Last()
	fmt.Printf("%-22s loss %.2f, test accuracy %.2f after %d epochs\n", name, last.TrainLoss, last.TestAccuracy, epochs)
	return nil
}

//endregion

func modern() error {
	//region modern
	net := nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(16, 5), nn.ReLU(), nn.MaxPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.ReLU(), nn.Linear(84), nn.ReLU(), nn.Linear(10))
	if err := quick("sigmoid, average", lenet(), 2, 2); err != nil {
		return err
	}
	if err := quick("ReLU, maximum", net, 0.05, 2); err != nil {
		return err
	}
	//endregion
	return nil
}

func linear() error {
	//region linear
	net := nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.AvgPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.Linear(84), nn.Linear(10))
	if err := quick("no activations", net, 0.02, 3); err != nil {
		return err
	}
	if err := quick("one linear layer", nn.Sequential(nn.Flatten(), nn.Linear(10)), 0.02, 3); err != nil {
		return err
	}
	//endregion
	return nil
}

func bigger() error {
	//region bigger
	net := nn.Sequential(
		nn.Conv2D(16, 7).Pad(3), nn.ReLU(), nn.MaxPool2D(2),
		nn.Conv2D(32, 7), nn.ReLU(), nn.MaxPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.ReLU(), nn.Linear(84), nn.ReLU(), nn.Linear(10))
	if err := d2l.LayerShapes(os.Stdout, net, tensor.Shape{1, 1, 28, 28}); err != nil {
		return err
	}
	if err := quick("7×7, more channels", net, 0.05, 2); err != nil {
		return err
	}
	//endregion
	return nil
}

func original() error {
	//region original
	net := nn.Sequential(nn.Conv2D(6, 5), nn.AvgPool2D(2), nn.Conv2D(16, 5), nn.AvgPool2D(2), nn.Flatten())
	err := d2l.LayerShapes(os.Stdout, net, tensor.Shape{1, 1, 32, 32})
	//endregion
	return err
}

func slow() error {
	//region slow
	for _, lr := range []float32{0.1, 2} {
		if err := quick(fmt.Sprintf("learning rate %g", lr), lenet(), lr, 3); err != nil {
			return err
		}
	}
	//endregion
	return nil
}
