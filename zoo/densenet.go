package zoo

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	register(Spec{
		Name:     "densenet",
		Title:    "DenseNet",
		Doc:      "Huang et al. 2016 as in Dive into Deep Learning: four dense blocks, where each convolution sees the outputs of all before it.",
		Input:    tensor.Shape{1, 96, 96},
		Classes:  10,
		Defaults: Defaults{Batch: 256, LearningRate: 0.1, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.1, Epochs: 15},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return DenseNet(classes, DenseNetConfig{}) },
	})
}

// DenseNetConfig says which DenseNet; the zero value is the book's.
type DenseNetConfig struct {
	// Channels is what the first convolution puts out; 0 means 64.
	Channels int
	// Growth is how many channels each convolution of a dense block adds; 0
	// means 32.
	Growth int
	// Blocks are the convolutions of each dense block; nil means 4, 4, 4, 4.
	Blocks []int
}

// DenseNet returns the book's DenseNet, for images of 96×96: 758,226
// parameters with 10 classes and one input channel. Names are those of the
// book's nn.Sequential: "0.0.weight", "1.net.0.0.weight", … "12.bias".
func DenseNet(classes int, c DenseNetConfig) nn.Layer {
	channels, growth, blocks := orDefault(c.Channels, 64), orDefault(c.Growth, 32), c.Blocks
	if blocks == nil {
		blocks = []int{4, 4, 4, 4}
	}
	layers := []nn.Layer{nn.Sequential(
		nn.Conv2D(channels, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1))}
	for i, convolutions := range blocks {
		layers = append(layers, NewDenseBlock(convolutions, growth))
		channels += convolutions * growth
		if i < len(blocks)-1 {
			channels /= 2
			layers = append(layers, Transition(channels))
		}
	}
	return nn.Sequential(append(layers,
		nn.BatchNorm(), nn.ReLU(),
		nn.GlobalAvgPool2D(), nn.Flatten(),
		nn.Linear(classes))...)
}

// A DenseBlock concatenates its input with the output of a convolution of it,
// that with the output of the next, and so on.
type DenseBlock struct{ Net *nn.SequentialLayer }

// NewDenseBlock returns a block of so many convolutions, each of which adds
// growth channels; the image keeps its size.
func NewDenseBlock(convolutions, growth int) *DenseBlock {
	var layers []nn.Layer
	for range convolutions {
		layers = append(layers, nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(growth, 3).Pad(1)))
	}
	return &DenseBlock{nn.Sequential(layers...)}
}

// Forward adds the convolutions and joins x with all of them.
func (b *DenseBlock) Forward(x *graph.Node) *graph.Node {
	for _, l := range b.Net.Layers() {
		x = graph.Concat(1, x, l.Forward(x))
	}
	return x
}

// Transition returns what lies between dense blocks: batch normalization, ReLU
// and a 1×1 convolution to the given number of channels, and average pooling
// that halves the image.
func Transition(channels int) *nn.SequentialLayer {
	return nn.Sequential(nn.BatchNorm(), nn.ReLU(), nn.Conv2D(channels, 1), nn.AvgPool2D(2))
}
