package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// ConvNeXtTiny returns torchvision's convnext_tiny, for images of at least 32×32:
// 28,589,128 parameters with 1000 classes.
func ConvNeXtTiny(classes int) nn.Layer {
	return newConvNeXt(96, [4]int{3, 3, 9, 3}, 0.1, classes)
}

// ConvNeXtSmall returns torchvision's convnext_small, for images of at least 32×32:
// 50,223,688 parameters with 1000 classes.
func ConvNeXtSmall(classes int) nn.Layer {
	return newConvNeXt(96, [4]int{3, 3, 27, 3}, 0.4, classes)
}

// ConvNeXtBase returns torchvision's convnext_base, for images of at least 32×32:
// 88,591,464 parameters with 1000 classes.
func ConvNeXtBase(classes int) nn.Layer {
	return newConvNeXt(128, [4]int{3, 3, 27, 3}, 0.5, classes)
}

// newConvNeXt has four stages, of which each has twice the channels of the one before.
// Stochastic depth grows from 0 in the first block to drop in the last.
func newConvNeXt(channels int, blocks [4]int, drop float64, classes int) nn.Layer {
	total := blocks[0] + blocks[1] + blocks[2] + blocks[3]
	features := nn.Sequential(nn.Sequential(biasedConv(channels, 4).Stride(4), layerNorm()))
	number := 0
	for i, count := range blocks {
		if i > 0 {
			channels *= 2
			features.Append(nn.Sequential(layerNorm(), biasedConv(channels, 2).Stride(2)))
		}
		stage := nn.Sequential()
		for range count {
			stage.Append(newNextBlock(channels, float32(drop*float64(number)/float64(total-1))))
			number++
		}
		features.Append(stage)
	}
	return &convnext{
		Features: features,
		Avgpool:  nn.GlobalAvgPool2D(),
		Classifier: nn.Sequential(
			layerNorm(), nn.Flatten(), nn.Linear(classes).InitBias(nn.Constant(0)),
		),
	}
}

type convnext struct{ Features, Avgpool, Classifier nn.Layer }

func (n *convnext) Forward(x *graph.Node) *graph.Node {
	return n.Classifier.Forward(n.Avgpool.Forward(n.Features.Forward(x)))
}

// layerNorm normalises the channels of each pixel.
func layerNorm() nn.Layer { return nn.LayerNorm().Axes(1).Eps(1e-6) }

// biasedConv is a convolution whose bias is 0 at first.
func biasedConv(out, kernel int) *nn.Conv2DLayer {
	return nn.Conv2D(out, kernel).InitBias(nn.Constant(0))
}

// nextBlock is a residual block: a depthwise 7×7 convolution, layer normalization, and
// two layers that work on the channels of each pixel. What it adds to its input is
// scaled, at first by 10⁻⁶.
type nextBlock struct {
	LayerScale      *nn.Param
	Block           *nn.SequentialLayer
	StochasticDepth nn.Layer
}

func newNextBlock(channels int, drop float32) *nextBlock {
	block := nn.Sequential() // numbers 1 and 6 permute axes in torchvision
	block.Add("0", biasedConv(channels, 7).Pad(3).Groups(channels))
	block.Add("2", layerNorm())
	block.Add("3", newPointwise(channels, 4*channels))
	block.Add("4", nn.GELU())
	block.Add("5", newPointwise(4*channels, channels))
	return &nextBlock{nn.Parameter(channels, 1, 1).Init(nn.Constant(1e-6)), block, nn.StochasticDepth(drop)}
}

func (b *nextBlock) Forward(x *graph.Node) *graph.Node {
	y := graph.Mul(b.Block.Forward(x), b.LayerScale.Value(x))
	return graph.Add(b.StochasticDepth.Forward(y), x)
}

// pointwise is a fully connected layer for the channels of each pixel: a 1×1
// convolution whose weight has the shape of a linear layer's.
type pointwise struct{ Weight, Bias *nn.Param }

func newPointwise(in, out int) *pointwise {
	return &pointwise{nn.Parameter(out, in).Init(nn.Normal(0, 0.02)), nn.Parameter(out)}
}

func (p *pointwise) Forward(x *graph.Node) *graph.Node {
	weight := p.Weight.Value(x)
	s := weight.Shape()
	window := graph.Window{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}
	return graph.Conv2D(x, graph.Reshape(weight, s[0], s[1], 1, 1), p.Bias.Value(x), window, 1)
}
