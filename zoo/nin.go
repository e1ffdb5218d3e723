package zoo

import (
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	register(Spec{
		Name:     "nin",
		Title:    "NiN",
		Doc:      "Network in Network, Lin et al. 2013 as in Dive into Deep Learning: 1×1 convolutions after each convolution, and a global average in place of linear layers.",
		Input:    tensor.Shape{1, 224, 224},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.1, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.1, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return NiN(classes, NiNConfig{}) },
	})
	register(Spec{
		Name:     "nin-28",
		Title:    "NiN for 28×28",
		Doc:      "Network in Network for small images: its first convolution is 5×5 without stride.",
		Input:    tensor.Shape{1, 28, 28},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.1, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.1, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return NiN(classes, NiNConfig{Small: true}) },
	})
}

// NiNConfig says which NiN; the zero value is the book's.
type NiNConfig struct {
	// Small is for images of 28×28: the first convolution is 5×5 with stride 1
	// and padding 2.
	Small bool
	// Ratio divides all channels but those of the last block; 0 means 1.
	Ratio int
}

// NiN returns the book's Network in Network, for images of 224×224: 1,992,166
// parameters with 10 classes and one input channel. Names are those of the
// book's nn.Sequential of blocks: "0.0.weight", "0.2.weight", … "7.4.bias".
func NiN(classes int, c NiNConfig) nn.Layer {
	ratio := max(c.Ratio, 1)
	first := NiNBlock(96/ratio, 11, 4, 0)
	if c.Small {
		first = NiNBlock(96/ratio, 5, 1, 2)
	}
	return nn.Sequential(
		first,
		nn.MaxPool2D(3).Stride(2),
		NiNBlock(256/ratio, 5, 1, 2),
		nn.MaxPool2D(3).Stride(2),
		NiNBlock(384/ratio, 3, 1, 1),
		nn.MaxPool2D(3).Stride(2),
		nn.Dropout(0.5),
		NiNBlock(classes, 3, 1, 1),
		nn.GlobalAvgPool2D(),
		nn.Flatten(),
	)
}

// NiNBlock returns a convolution of the given size, stride and padding and two
// 1×1 convolutions, which are linear layers over the channels of each pixel;
// a ReLU follows each.
func NiNBlock(channels, kernel, stride, padding int) *nn.SequentialLayer {
	return nn.Sequential(
		nn.Conv2D(channels, kernel).Stride(stride).Pad(padding), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
		nn.Conv2D(channels, 1), nn.ReLU(),
	)
}
