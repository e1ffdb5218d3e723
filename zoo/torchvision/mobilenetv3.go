package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// mobileBlock is a row of the tables in the paper: kernel, channels after the
// first convolution, channels of the result, squeeze-and-excitation, hard-swish
// instead of ReLU, stride.
type mobileBlock struct {
	kernel, wide, out int
	squeeze, swish    bool
	stride            int
}

var mobileNetV3Large = []mobileBlock{
	{3, 16, 16, false, false, 1},
	{3, 64, 24, false, false, 2},
	{3, 72, 24, false, false, 1},
	{5, 72, 40, true, false, 2},
	{5, 120, 40, true, false, 1},
	{5, 120, 40, true, false, 1},
	{3, 240, 80, false, true, 2},
	{3, 200, 80, false, true, 1},
	{3, 184, 80, false, true, 1},
	{3, 184, 80, false, true, 1},
	{3, 480, 112, true, true, 1},
	{3, 672, 112, true, true, 1},
	{5, 672, 160, true, true, 2},
	{5, 960, 160, true, true, 1},
	{5, 960, 160, true, true, 1},
}

var mobileNetV3Small = []mobileBlock{
	{3, 16, 16, true, false, 2},
	{3, 72, 24, false, false, 2},
	{3, 88, 24, false, false, 1},
	{5, 96, 40, true, true, 2},
	{5, 240, 40, true, true, 1},
	{5, 240, 40, true, true, 1},
	{5, 120, 48, true, true, 1},
	{5, 144, 48, true, true, 1},
	{5, 288, 96, true, true, 2},
	{5, 576, 96, true, true, 1},
	{5, 576, 96, true, true, 1},
}

// MobileNetV3Large returns torchvision's mobilenet_v3_large of width 1:
// 5,483,032 parameters with 1000 classes.
func MobileNetV3Large(classes int) nn.Layer {
	return newMobileNetV3(mobileNetV3Large, 1280, 1, classes)
}

// MobileNetV3Small returns torchvision's mobilenet_v3_small of width 1:
// 2,542,856 parameters with 1000 classes.
func MobileNetV3Small(classes int) nn.Layer {
	return newMobileNetV3(mobileNetV3Small, 1024, 1, classes)
}

// newMobileNetV3 multiplies all channels by width. The classifier has hidden units
// between its two layers.
func newMobileNetV3(blocks []mobileBlock, hidden int, width float64, classes int) nn.Layer {
	scaled := func(channels int) int { return roundChannels(float64(channels) * width) }
	in := scaled(16)
	features := nn.Sequential(convBNAct(in, 3, 2, 1, mobileNetV3Norm(), nn.HardSwish()))
	for _, b := range blocks {
		b.wide, b.out = scaled(b.wide), scaled(b.out)
		features.Append(newMobileBlock(in, b))
		in = b.out
	}
	features.Append(convBNAct(6*in, 1, 1, 1, mobileNetV3Norm(), nn.HardSwish()))
	return &network{
		Features: features,
		Avgpool:  nn.GlobalAvgPool2D(),
		Flatten:  nn.Flatten(),
		Classifier: nn.Sequential(
			nn.Linear(scaled(hidden)), nn.HardSwish(), nn.Dropout(0.2),
			nn.Linear(classes),
		),
	}
}

func mobileNetV3Norm() nn.Layer { return nn.BatchNorm().Eps(1e-3).Momentum(0.01) }

// invertedBlock widens the channels, filters each by itself, weighs them by
// squeeze-and-excitation in some networks, and narrows them again. The blocks of
// MobileNetV3 and EfficientNet are of this kind.
type invertedBlock struct {
	Block           *nn.SequentialLayer
	StochasticDepth nn.Layer // nil for none
	add             bool     // the input
}

func newMobileBlock(in int, b mobileBlock) *invertedBlock {
	activation := func() nn.Layer {
		if b.swish {
			return nn.HardSwish()
		}
		return nn.ReLU()
	}
	block := nn.Sequential()
	if b.wide != in {
		block.Append(convBNAct(b.wide, 1, 1, 1, mobileNetV3Norm(), activation()))
	}
	block.Append(convBNAct(b.wide, b.kernel, b.stride, b.wide, mobileNetV3Norm(), activation()))
	if b.squeeze {
		squeezed := roundChannels(float64(b.wide / 4))
		block.Append(newSqueezeExcitation(b.wide, squeezed, graph.ReLU, graph.HardSigmoid))
	}
	block.Append(convBNAct(b.out, 1, 1, 1, mobileNetV3Norm(), nil))
	return &invertedBlock{Block: block, add: b.stride == 1 && in == b.out}
}

func (b *invertedBlock) Forward(x *graph.Node) *graph.Node {
	y := b.Block.Forward(x)
	if !b.add {
		return y
	}
	if b.StochasticDepth != nil {
		y = b.StochasticDepth.Forward(y)
	}
	return graph.Add(y, x)
}
