package zoo

import (
	"fmt"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	for _, depth := range []int{18, 34, 50, 101, 152} {
		register(Spec{
			Name:     fmt.Sprintf("resnet%d", depth),
			Title:    fmt.Sprintf("ResNet-%d", depth),
			Doc:      fmt.Sprintf("He et al. 2015 as in Dive into Deep Learning: residual blocks that add their input to their output, %d layers with weights.", depth),
			Input:    tensor.Shape{1, 96, 96},
			Classes:  10,
			Defaults: Defaults{Batch: 256, LearningRate: 0.05, Epochs: 10},
			Sample:   Defaults{Batch: 64, LearningRate: 0.05, Epochs: 15},
			Init:     nn.XavierUniform(),
			New:      func(classes int) nn.Layer { return ResNet(classes, ResNetConfig{Depth: depth}) },
		})
	}
}

// ResNetConfig says which ResNet; the zero value is the book's ResNet-18.
type ResNetConfig struct {
	// Depth is the number of layers with weights of the paper's networks: 18
	// (also for 0), 34, 50, 101 or 152. From 50 on the blocks are bottlenecks.
	Depth int
	// Blocks are the blocks of each stage, and Bottleneck their kind, in place
	// of what Depth names. Stages have 64, 128, 256, … channels, bottlenecks
	// put out four times as many.
	Blocks     []int
	Bottleneck bool
	// Ratio divides all channels; 0 means 1.
	Ratio int
}

// resnetBlocks are those of the paper's table 1.
var resnetBlocks = map[int][]int{
	18: {2, 2, 2, 2}, 34: {3, 4, 6, 3}, 50: {3, 4, 6, 3}, 101: {3, 4, 23, 3}, 152: {3, 8, 36, 3},
}

// ResNet returns a residual network as the book builds it, for images of
// 96×96: all convolutions have a bias, and there is no batch normalization on
// the shortcuts. ResNet-18 has 11,178,378 parameters with 10 classes and one
// input channel. Names are those of the book's nn.Sequential: "0.0.weight",
// "1.0.conv1.weight", … "7.bias". A Depth that is none of the paper's is an
// error of nn.New.
func ResNet(classes int, c ResNetConfig) nn.Layer {
	if c.Blocks == nil {
		c.Depth = orDefault(c.Depth, 18)
		if c.Blocks, c.Bottleneck = resnetBlocks[c.Depth], c.Depth >= 50; c.Blocks == nil {
			return invalid("ResNet", "there is no ResNet-%d: depths are 18, 34, 50, 101 and 152", c.Depth)
		}
	}
	channels := 64 / max(c.Ratio, 1)
	layers := []nn.Layer{nn.Sequential(
		nn.Conv2D(channels, 7).Stride(2).Pad(3), nn.BatchNorm(), nn.ReLU(),
		nn.MaxPool2D(3).Stride(2).Pad(1))}
	for i, blocks := range c.Blocks {
		layers = append(layers, residualStage(blocks, channels<<i, i == 0, c.Bottleneck))
	}
	return nn.Sequential(append(layers, nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(classes))...)
}

// residualStage returns residual blocks one after the other. The first of them
// halves the image and changes the number of channels, except in the first
// stage of a network, where the pooling before it has halved the image.
func residualStage(blocks, channels int, first, bottleneck bool) *nn.SequentialLayer {
	var layers []nn.Layer
	for i := range blocks {
		stride := 1
		if i == 0 && !first {
			stride = 2
		}
		switch {
		case bottleneck && i == 0:
			layers = append(layers, NewBottleneck(channels).Use1x1(stride))
		case bottleneck:
			layers = append(layers, NewBottleneck(channels))
		case stride == 2:
			layers = append(layers, NewResidual(channels).Use1x1(stride))
		default:
			layers = append(layers, NewResidual(channels))
		}
	}
	return nn.Sequential(layers...)
}

// A Residual block adds its input to what two 3×3 convolutions make of it. The
// input goes through Conv3 first if there is one.
type Residual struct {
	Conv1, Conv2 *nn.Conv2DLayer
	Conv3        *nn.Conv2DLayer // nil: the input itself
	BN1, BN2     *nn.BatchNormLayer

	channels int
}

// NewResidual returns a block that keeps the size of the image and takes and
// returns the given number of channels.
func NewResidual(channels int) *Residual {
	return &Residual{
		Conv1: nn.Conv2D(channels, 3).Pad(1), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(channels, 3).Pad(1), BN2: nn.BatchNorm(),
		channels: channels,
	}
}

// Use1x1 gives the first convolution a stride and puts a 1×1 convolution with
// the same stride on the shortcut, so that the input may have any number of
// channels.
func (b *Residual) Use1x1(stride int) *Residual {
	b.Conv1.Stride(stride)
	b.Conv3 = nn.Conv2D(b.channels, 1).Stride(stride)
	return b
}

// Forward adds ReLU(BN(conv(ReLU(BN(conv(x))))) + x).
func (b *Residual) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(b.BN1.Forward(b.Conv1.Forward(x)))
	y = b.BN2.Forward(b.Conv2.Forward(y))
	if b.Conv3 != nil {
		x = b.Conv3.Forward(x)
	}
	return addShortcut("Residual", y, x)
}

// A Bottleneck is the residual block of the deep networks: a 3×3 convolution
// between two of 1×1 that lessen the channels and restore them.
type Bottleneck struct {
	Conv1, Conv2, Conv3 *nn.Conv2DLayer
	Conv4               *nn.Conv2DLayer // nil: the input itself
	BN1, BN2, BN3       *nn.BatchNormLayer

	channels int
}

// NewBottleneck returns a block whose 3×3 convolution has the given number of
// channels, and that takes and returns four times as many.
func NewBottleneck(channels int) *Bottleneck {
	return &Bottleneck{
		Conv1: nn.Conv2D(channels, 1), BN1: nn.BatchNorm(),
		Conv2: nn.Conv2D(channels, 3).Pad(1), BN2: nn.BatchNorm(),
		Conv3: nn.Conv2D(4*channels, 1), BN3: nn.BatchNorm(),
		channels: channels,
	}
}

// Use1x1 gives the 3×3 convolution a stride and puts a 1×1 convolution with
// the same stride on the shortcut, so that the input may have any number of
// channels.
func (b *Bottleneck) Use1x1(stride int) *Bottleneck {
	b.Conv2.Stride(stride)
	b.Conv4 = nn.Conv2D(4*b.channels, 1).Stride(stride)
	return b
}

// Forward adds the three convolutions of x and the shortcut.
func (b *Bottleneck) Forward(x *graph.Node) *graph.Node {
	y := graph.ReLU(b.BN1.Forward(b.Conv1.Forward(x)))
	y = graph.ReLU(b.BN2.Forward(b.Conv2.Forward(y)))
	y = b.BN3.Forward(b.Conv3.Forward(y))
	if b.Conv4 != nil {
		x = b.Conv4.Forward(x)
	}
	return addShortcut("Bottleneck", y, x)
}

// addShortcut adds ReLU(y + x), and says what to do if the shapes differ.
func addShortcut(block string, y, x *graph.Node) *graph.Node {
	if !y.Shape().Equal(x.Shape()) {
		x.Graph().Fail(block, "the block makes %v of its input %v, which cannot be added: Use1x1 changes channels and stride of the shortcut",
			y.Shape()[1:], x.Shape()[1:])
	}
	return graph.ReLU(graph.Add(y, x))
}
