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

func depths() error {
	//region depths
	for _, net := range []struct {
		name         string
		convolutions []int
	}{
		{"VGG-11", []int{1, 1, 2, 2, 2}},
		{"VGG-13", []int{2, 2, 2, 2, 2}},
		{"VGG-16", []int{2, 2, 3, 3, 3}},
		{"VGG-19", []int{2, 2, 4, 4, 4}},
	} {
		trace, err := nn.Outline(vgg(net.convolutions, 1, 4096), tensor.Shape{1, 224, 224}, 1)
		if err != nil {
			return err
		}
		layers, parameters, multiplyAdds := 0, 0, int64(0)
		for _, l := range trace.Rows() {
			if l.Parameters > 0 {
				layers++
			}
			parameters += l.Parameters
			multiplyAdds += l.MultiplyAdds
		}
		fmt.Printf("%s: %d layers with weights, %d parameters, %d multiply-adds\n", net.name, layers, parameters, multiplyAdds)
	}
	//endregion
	return nil
}

func oneLayer() error {
	//region one-layer
	trace, err := nn.Outline(vgg(vgg11, 1, 4096), tensor.Shape{1, 224, 224}, 1)
	if err != nil {
		return err
	}
	sum, first := 0, 0
	for _, l := range trace.Rows() {
		sum += l.Parameters
		if l.Path == "6" {
			first = l.Parameters
		}
	}
	fmt.Printf("%d of %d parameters, %d %%: (512·7·7 + 1)·4096\n", first, sum, 100*first/sum)
	//endregion
	return nil
}

func values() error {
	//region values
	trace, err := nn.Outline(vgg(vgg11, 1, 4096), tensor.Shape{1, 224, 224}, 1)
	if err != nil {
		return err
	}
	for _, l := range trace.Rows() {
		if l.Kind == "Conv2D" {
			fmt.Printf("%s makes %8d values of each image: %v\n", l.Path, l.Output.Size(), l.Output[1:])
		}
	}
	//endregion
	return nil
}

func average() error {
	//region average
	net := nn.Sequential()
	for i, n := range vgg11 {
		net.Append(vggBlock(n, min(64<<i, 512)))
	}
	net.Append(nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(10))
	for _, side := range []int{224, 96} {
		trace, err := nn.Outline(net, tensor.Shape{1, side, side}, 1)
		if err != nil {
			return err
		}
		parameters := 0
		for _, l := range trace.Rows() {
			parameters += l.Parameters
		}
		fmt.Printf("%d pixels: %d parameters\n", side, parameters)
	}
	//endregion
	return nil
}

//region normalized-net

// vggBN returns VGG-11 with batch normalization before each ReLU of its convolutions.
func vggBN(ratio, hidden int) nn.Layer {
	net := nn.Sequential()
	for i, n := range vgg11 {
		for range n {
			net.Append(nn.Conv2D(min(64<<i, 512)/ratio, 3).Pad(1), nn.BatchNorm(), nn.ReLU())
		}
		net.Append(nn.MaxPool2D(2))
	}
	return net.Append(nn.Flatten(),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(10))
}

//endregion

func normalized() error {
	//region normalized
	ctx := context.Background()
	set, err := fashionmnist.Load(ctx, fashionmnist.Options{Dir: "sample"})
	if err != nil {
		return err
	}
	trainSet, err := set.Train.Resize(32, 32)
	if err != nil {
		return err
	}
	testSet, err := set.Test.Resize(32, 32)
	if err != nil {
		return err
	}
	for _, try := range []struct {
		name string
		net  nn.Layer
	}{{"without", vgg(vgg11, 8, 128)}, {"with", vggBN(8, 128)}} {
		model, err := nn.New(try.net, tensor.Shape{1, 32, 32}, nn.Options{Init: nn.XavierUniform()})
		if err != nil {
			return err
		}
		history, err := train.Fit(ctx, model, data.Limit(trainSet, 4000), data.Limit(testSet, 1000),
			train.Config{Epochs: 2, BatchSize: 16, LearningRate: 0.1})
		if err != nil {
			return err
		}
		fmt.Printf("%-8s test accuracy %.2f after %d epochs\n", try.name, history.Last().TestAccuracy, len(history.Rows))
	}
	//endregion
	return nil
}
