package zoo

import (
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	register(Spec{
		Name:     "lenet",
		Title:    "LeNet",
		Doc:      "LeCun et al. 1998 as in Dive into Deep Learning: two convolutions and three linear layers, sigmoid activations.",
		Input:    tensor.Shape{1, 28, 28},
		Classes:  10,
		Defaults: Defaults{Batch: 256, LearningRate: 0.9, Epochs: 10},
		Sample:   Defaults{Batch: 16, LearningRate: 1, Epochs: 25},
		Init:     nn.XavierUniform(),
		New:      LeNet,
	})
	register(Spec{
		Name:     "lenet-bn",
		Title:    "LeNet with batch normalization",
		Doc:      "LeNet with batch normalization before each activation, as in Dive into Deep Learning.",
		Input:    tensor.Shape{1, 28, 28},
		Classes:  10,
		Defaults: Defaults{Batch: 256, LearningRate: 1, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.5, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      LeNetBN,
	})
}

// LeNet returns the book's LeNet, for images of 28×28: 61,706 parameters with
// 10 classes and one input channel. Names are those of the book's
// nn.Sequential: "0.weight", "3.weight", "7.weight", "9.weight", "11.weight".
func LeNet(classes int) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5).Pad(2), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.Sigmoid(),
		nn.Linear(84), nn.Sigmoid(),
		nn.Linear(classes),
	)
}

// LeNetBN returns the book's LeNet with batch normalization, for images of
// 28×28: 44,878 parameters with 10 classes and one input channel. Its first
// convolution has no padding.
func LeNetBN(classes int) nn.Layer {
	return nn.Sequential(
		nn.Conv2D(6, 5), nn.BatchNorm(), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Conv2D(16, 5), nn.BatchNorm(), nn.Sigmoid(),
		nn.AvgPool2D(2),
		nn.Flatten(),
		nn.Linear(120), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(84), nn.BatchNorm(), nn.Sigmoid(),
		nn.Linear(classes),
	)
}
