package main

import (
	"context"
	"fmt"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/train"
)

func count() error {
	//region count
	trace, err := nn.Outline(nin(1), tensor.Shape{1, 224, 224}, 1)
	if err != nil {
		return err
	}
	pixelwise, all := 0, 0
	for _, l := range trace.Rows() {
		all += l.Parameters
		if l.Kind != "Conv2D" {
			continue
		}
		name := l.Path[len(l.Path)-1:] // "0.2": the second convolution of block 0
		if name != "0" {
			pixelwise += l.Parameters
		}
		fmt.Printf("%s %7d parameters\n", l.Path, l.Parameters)
	}
	fmt.Printf("1×1 convolutions: %d of %d parameters\n", pixelwise, all)
	//endregion
	return nil
}

//region one-net

// oneBlock is ninBlock with a single 1×1 convolution.
func oneBlock(channels, kernel, stride, padding int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.Conv2D(channels, kernel).Stride(stride).Pad(padding), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
	)
}

// network returns NiN for 28×28 pixels, made of blocks that a function returns.
func network(block func(channels, kernel, stride, padding int) *nn.SequentialLayer, ratio int) nn.Layer {
	return nn.Sequential(
		block(96/ratio, 5, 1, 2), nn.MaxPool2D(3).Stride(2),
		block(256/ratio, 5, 1, 2), nn.MaxPool2D(3).Stride(2),
		block(384/ratio, 3, 1, 1), nn.MaxPool2D(3).Stride(2),
		nn.Dropout(0.5), block(10, 3, 1, 1),
		nn.GlobalAvgPool2D(), nn.Flatten())
}

// quick trains a network on the sample and prints how it does.
func quick(name string, net nn.Layer, epochs int) error {
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	model, err := nn.New(net, tensor.Shape{1, 28, 28}, nn.Options{Init: nn.XavierUniform(), Seed: 1})
	if err != nil {
		return err
	}
	history, err := train.Fit(ctx, model, data.Limit(set.Train, 4000), data.Limit(set.Test, 1000),
		train.Config{Epochs: epochs, BatchSize: 16, LearningRate: 0.1, Seed: 1})
	if err != nil {
		return err
	}
	fmt.Printf("%-22s loss %.2f, test accuracy %.2f after %d epochs\n", name, history.Last().TrainLoss, history.Last().TestAccuracy, epochs)
	return nil
}

//endregion

func one() error {
	//region one
	input := tensor.Shape{1, 28, 28}
	for _, try := range []struct {
		name string
		net  nn.Layer
	}{{"two 1×1 convolutions", network(ninBlock, 8)}, {"one 1×1 convolution", network(oneBlock, 8)}} {
		parameters, multiplyAdds, err := costs(try.net, input)
		if err != nil {
			return err
		}
		fmt.Printf("%-22s %d parameters, %d multiply-adds\n", try.name, parameters, multiplyAdds)
		if err := quick(try.name, try.net, 4); err != nil {
			return err
		}
	}
	//endregion
	return nil
}

func sizes() error {
	//region sizes
	for _, side := range []int{224, 160, 96} {
		parameters, multiplyAdds, err := costs(nin(1), tensor.Shape{1, side, side})
		if err != nil {
			return err
		}
		fmt.Printf("%d pixels: %d parameters, %d multiply-adds\n", side, parameters, multiplyAdds)
	}
	//endregion
	return nil
}

func stage() error {
	//region stage
	maps := tensor.Shape{384, 5, 5} // what the last block of NiN gets
	block, _, err := costs(ninBlock(10, 3, 1, 1), maps)
	if err != nil {
		return err
	}
	linear, _, err := costs(nn.Sequential(nn.Flatten(), nn.Linear(4096), nn.ReLU(), nn.Linear(4096), nn.ReLU(), nn.Linear(10)), maps)
	if err != nil {
		return err
	}
	fmt.Printf("the last block: %d parameters; three fully connected layers: %d\n", block, linear)
	//endregion
	return nil
}
