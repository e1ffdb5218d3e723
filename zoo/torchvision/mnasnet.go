package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type mnasnet struct {
	Layers           nn.Layer
	Avgpool, Flatten nn.Layer
	Classifier       nn.Layer
}

// MNASNet returns torchvision's MNASNet of a width, the B1 variant of the paper:
// mnasnet0_5, mnasnet0_75, mnasnet1_0 and mnasnet1_3 have the widths 0.5, 0.75, 1
// and 1.3, and 2,218,512, 3,170,208, 4,383,312 and 6,282,256 parameters with 1000
// classes. The width multiplies all channels but the last 1280, rounded to multiples
// of 8. A width that is not above 0 is an error of nn.New.
func MNASNet(width float64, classes int) nn.Layer {
	if !(width > 0) {
		return invalid("MNASNet", "width must be above 0, got %v", width)
	}
	scaled := func(channels int) int { return roundChannels(float64(channels) * width) }
	in := scaled(32)
	layers := nn.Sequential(
		nn.Conv2D(in, 3).Stride(2).Pad(1).NoBias(), mnasNetNorm(), nn.ReLU(),
		nn.Conv2D(in, 3).Pad(1).Groups(in).NoBias(), mnasNetNorm(), nn.ReLU(),
		nn.Conv2D(scaled(16), 1).NoBias(), mnasNetNorm(),
	)
	in = scaled(16)
	for _, s := range []struct{ channels, kernel, stride, expand, blocks int }{
		{24, 3, 2, 3, 3}, {40, 5, 2, 3, 3}, {80, 5, 2, 6, 3}, {96, 3, 1, 6, 2}, {192, 5, 2, 6, 4}, {320, 3, 1, 6, 1},
	} {
		stage, out := nn.Sequential(), scaled(s.channels)
		for range s.blocks {
			stage.Append(newMNASBlock(in, out, s.kernel, s.stride, s.expand))
			in, s.stride = out, 1
		}
		layers.Append(stage)
	}
	layers.Append(nn.Conv2D(1280, 1).NoBias(), mnasNetNorm(), nn.ReLU())
	return &mnasnet{
		Layers:  layers,
		Avgpool: nn.GlobalAvgPool2D(), Flatten: nn.Flatten(),
		Classifier: nn.Sequential(nn.Dropout(0.2), nn.Linear(classes)),
	}
}

// mnasNetNorm moves its running statistics by 0.0003 of those of a batch.
func mnasNetNorm() nn.Layer { return nn.BatchNorm().Momentum(1 - 0.9997) }

func (n *mnasnet) Forward(x *graph.Node) *graph.Node {
	return n.Classifier.Forward(n.Flatten.Forward(n.Avgpool.Forward(n.Layers.Forward(x))))
}

// mnasBlock is an inverted residual block: it widens the channels, filters each by
// itself and narrows them again.
type mnasBlock struct {
	Layers *nn.SequentialLayer
	add    bool // the input
}

func newMNASBlock(in, out, kernel, stride, expand int) *mnasBlock {
	wide := in * expand
	return &mnasBlock{nn.Sequential(
		nn.Conv2D(wide, 1).NoBias(), mnasNetNorm(), nn.ReLU(),
		nn.Conv2D(wide, kernel).Stride(stride).Pad(kernel/2).Groups(wide).NoBias(), mnasNetNorm(), nn.ReLU(),
		nn.Conv2D(out, 1).NoBias(), mnasNetNorm(),
	), stride == 1 && in == out}
}

func (b *mnasBlock) Forward(x *graph.Node) *graph.Node {
	y := b.Layers.Forward(x)
	if b.add {
		y = graph.Add(y, x)
	}
	return y
}
