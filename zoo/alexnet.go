package zoo

import (
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	register(Spec{
		Name:     "alexnet",
		Title:    "AlexNet",
		Doc:      "Krizhevsky et al. 2012 as in Dive into Deep Learning: five convolutions and three linear layers, ReLU, max pooling and dropout.",
		Input:    tensor.Shape{1, 224, 224},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.01, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.02, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return AlexNet(classes, AlexNetConfig{}) },
	})
	register(Spec{
		Name:     "alexnet-28",
		Title:    "AlexNet for 28×28",
		Doc:      "AlexNet for small images, as an exercise of Dive into Deep Learning asks: a first convolution of 5×5 without stride, and a quarter of the hidden units.",
		Input:    tensor.Shape{1, 28, 28},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.05, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.05, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return AlexNet(classes, AlexNetConfig{Small: true}) },
	})
}

// AlexNetConfig says which AlexNet; the zero value is the book's.
type AlexNetConfig struct {
	// Small is for images of 28×28: the first convolution is 5×5 with stride 1
	// and padding 2, and the linear layers have 1024 hidden units.
	Small bool
	// Ratio divides all channels and hidden units; 0 means 1.
	Ratio int
}

// AlexNet returns the book's AlexNet, for images of 224×224: 46,764,746
// parameters with 10 classes and one input channel. Names are those of the
// book's nn.Sequential: "0.weight", "3.weight", … "20.bias".
func AlexNet(classes int, c AlexNetConfig) nn.Layer {
	ratio := max(c.Ratio, 1)
	first, hidden := nn.Conv2D(96/ratio, 11).Stride(4).Pad(1), 4096/ratio
	if c.Small {
		first, hidden = nn.Conv2D(96/ratio, 5).Pad(2), 1024/ratio
	}
	return nn.Sequential(
		first, nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(256/ratio, 5).Pad(2), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(384/ratio, 3).Pad(1), nn.ReLU(),
		nn.Conv2D(256/ratio, 3).Pad(1), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2),
		nn.Flatten(),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(classes),
	)
}
