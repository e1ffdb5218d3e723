package main

import (
	"context"
	"fmt"
	"math"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/augment"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

//region small-net

// alexnet28 returns AlexNet for pictures of 28×28 pixels.
func alexnet28(ratio int) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(96/ratio, 5).Pad(2), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(256/ratio, 5).Pad(2), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(256/ratio, 3).Pad(1), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Flatten(),
		nn.Linear(1024/ratio), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(1024/ratio), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(10),
	)
}

//endregion

func small() error {
	//region small
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	model, err := nn.New(alexnet28(4), tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, data.Limit(set.Train, 4000), data.Limit(set.Test, 1000),
		train.Config{Epochs: 4, BatchSize: 16, LearningRate: 0.05})
	if err != nil {
		return err
	}
	last := history.Last()
	fmt.Printf("loss %.2f, training accuracy %.2f, test accuracy %.2f\n", last.TrainLoss, last.TrainAccuracy, last.TestAccuracy)
	//endregion
	return nil
}

func few() error {
	//region few
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	changes := augment.Pipeline{augment.RandomHorizontalFlip{}, augment.RandomCrop{Pad: 2}}
	for _, try := range []struct {
		name    string
		drop    float32
		augment augment.Pipeline
	}{{"neither", 0, nil}, {"dropout", 0.5, nil}, {"augmentation", 0, changes}, {"both", 0.25, changes}} {
		net := nn.Sequential(
			nn.Conv2D(6, 5).Pad(2), nn.ReLU(), nn.MaxPool2D(2),
			nn.Conv2D(16, 5), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(),
			nn.Linear(120), nn.ReLU(), nn.Dropout(try.drop),
			nn.Linear(84), nn.ReLU(), nn.Dropout(try.drop), nn.Linear(10))
		model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform()})
		if err != nil {
			return err
		}
		history, err := train.Fit(ctx, model, data.Limit(set.Train, 200), nil, // tested once, at the end
			train.Config{Epochs: 200, BatchSize: 16, LearningRate: 0.05, Augment: try.augment})
		if err != nil {
			return err
		}
		test, err := train.Evaluate(ctx, model, set.Test, train.EvalConfig{})
		if err != nil {
			return err
		}
		fmt.Printf("%-13s training accuracy %.2f, test accuracy %.2f\n", try.name, history.Last().TrainAccuracy, test.Accuracy)
	}
	//endregion
	return nil
}

func saturated() error {
	//region saturated
	for _, x := range []float64{0, 2, 5, 10} {
		s := 1 / (1 + math.Exp(-x))
		fmt.Printf("the derivative of the sigmoid at %2.0f is %.5f\n", x, s*(1-s))
	}
	fmt.Printf("seven factors of 0.25 make %.1e\n", math.Pow(0.25, 7))
	//endregion
	return nil
}

func localResponse() error {
	//region lrn
	net := nn.Sequential(
		nn.Conv2D(96, 11).Stride(4).Pad(1), nn.ReLU(),
		nn.LocalResponseNorm(5).Alpha(5e-4).K(2),
		nn.MaxPool2D(3).Stride(2))
	state, err := nn.StateShapes(net, tensor.Shape{1, 224, 224})
	if err != nil {
		return err
	}
	fmt.Println(len(state), "tensors: the kernels", state["0.weight"], "and biases", state["0.bias"])
	//endregion
	return nil
}

func memory() error {
	//region memory
	parameters := 46_764_746
	fmt.Printf("parameters %d MB, gradients %d MB\n", parameters*4/1e6, parameters*4/1e6)
	values := 0 // of one image, after each convolution and pooling
	for _, s := range []tensor.Shape{
		{96, 54, 54}, {96, 26, 26}, {256, 26, 26}, {256, 12, 12},
		{384, 12, 12}, {384, 12, 12}, {256, 12, 12}, {256, 5, 5},
	} {
		values += s.Size()
	}
	fmt.Printf("feature maps of 128 images %d MB\n", 128*values*4/1e6)
	//endregion
	return nil
}
