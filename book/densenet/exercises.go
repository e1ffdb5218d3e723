package main

import (
	"fmt"

	"github.com/strideml/stride/d2l"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

//region bottleneck

// bottleneckBlock reduces the channels to four times the growth before its 3×3
// convolution.
func bottleneckBlock(growth int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.BatchNorm(), nn.ReLU(), nn.Conv2D(4*growth, 1).NoBias(),
		nn.BatchNorm(), nn.ReLU(), nn.Conv2D(growth, 3).Pad(1).NoBias())
}

//endregion

func exerciseBottleneck() error {
	//region ex-bottleneck
	for _, channels := range []int{64, 256, 1024} {
		plain, err := parameters(nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(32, 3).Pad(1).NoBias()), tensor.Shape{channels, 6, 6})
		if err != nil {
			return err
		}
		bottleneck, err := parameters(bottleneckBlock(32), tensor.Shape{channels, 6, 6})
		if err != nil {
			return err
		}
		fmt.Printf("%4d channels: %6d parameters, with bottleneck %6d\n",
			channels, plain, bottleneck)
	}
	//endregion
	return nil
}

//region densenet121

// densenet121 is the network of the paper, for pictures in colour and 1,000 classes.
func densenet121() nn.Layer {
	channels := 64
	net := nn.Sequential(
		nn.Conv2D(channels, 7).Stride(2).Pad(3).NoBias(), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1))
	for i, convolutions := range []int{6, 12, 24, 16} {
		block := nn.Sequential()
		for range convolutions {
			block.Append(bottleneckBlock(32))
		}
		net.Append(&DenseBlock{block})
		channels += convolutions * 32
		if i < 3 {
			channels /= 2
			net.Append(nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(channels, 1).NoBias(), nn.AvgPool2D(2)))
		}
	}
	net.Append(nn.BatchNorm(), nn.ReLU(), nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(1000))
	return net
}

//endregion

func exercise121() error {
	//region ex-121
	n, err := parameters(densenet121(), tensor.Shape{3, 224, 224})
	if err != nil {
		return err
	}
	fmt.Println(n, "parameters")
	//endregion
	return nil
}

func exerciseResolution() error {
	//region ex-resolution
	for _, size := range []int{96, 224} {
		megabytes, _, err := memory(densenet(32), size, 16, 0)
		if err != nil {
			return err
		}
		fmt.Printf("16 images of %d×%d: %.0f MB\n", size, size, megabytes)
	}
	//endregion
	return nil
}

//region dense-linear

// DenseLinear is a dense block of linear layers, for data that are no pictures.
type DenseLinear struct{ Layers []*nn.LinearLayer }

func NewDenseLinear(layers, growth int) *DenseLinear {
	b := &DenseLinear{}
	for range layers {
		b.Layers = append(b.Layers, nn.Linear(growth))
	}
	return b
}

func (b *DenseLinear) Forward(x *graph.Node) *graph.Node {
	for _, l := range b.Layers {
		x = graph.Concat(1, x, graph.ReLU(l.Forward(x)))
	}
	return x
}

//endregion

func exerciseMLP() error {
	//region ex-mlp
	y, err := d2l.Apply(nn.Sequential(NewDenseLinear(3, 16), nn.Linear(1)), tensor.Randn(tensor.Seed(0), 5, 8))
	if err != nil {
		return err
	}
	n, err := parameters(nn.Sequential(NewDenseLinear(3, 16), nn.Linear(1)), tensor.Shape{8})
	if err != nil {
		return err
	}
	fmt.Println(y.Shape(), n, "parameters")
	//endregion
	return nil
}
