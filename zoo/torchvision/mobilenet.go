package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

// MobileNetV2 returns torchvision's mobilenet_v2 of width 1: 3,504,872
// parameters with 1000 classes.
func MobileNetV2(classes int) nn.Layer {
	features := nn.Sequential(convBNReLU6(32, 3, 2, 1))
	in := 32
	for _, s := range []struct{ expand, channels, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for i := range s.blocks {
			stride := 1
			if i == 0 {
				stride = s.stride
			}
			features.Append(newInvertedResidual(in, s.channels, s.expand, stride))
			in = s.channels
		}
	}
	features.Append(convBNReLU6(1280, 1, 1, 1))
	return &network{
		Features:   features,
		Avgpool:    nn.GlobalAvgPool2D(),
		Flatten:    nn.Flatten(),
		Classifier: nn.Sequential(nn.Dropout(0.2), nn.Linear(classes)),
	}
}

func convBNReLU6(out, kernel, stride, groups int) nn.Layer {
	return convBNAct(out, kernel, stride, groups, nn.BatchNorm(), nn.ReLU6())
}

// invertedResidual widens the channels, filters each by itself and narrows
// them again.
type invertedResidual struct {
	Conv *nn.SequentialLayer
	add  bool // the input
}

func newInvertedResidual(in, out, expand, stride int) *invertedResidual {
	conv, hidden := nn.Sequential(), in*expand
	if expand != 1 {
		conv.Append(convBNReLU6(hidden, 1, 1, 1))
	}
	conv.Append(convBNReLU6(hidden, 3, stride, hidden), nn.Conv2D(out, 1).NoBias(), nn.BatchNorm())
	return &invertedResidual{conv, stride == 1 && in == out}
}

func (r *invertedResidual) Forward(x *graph.Node) *graph.Node {
	y := r.Conv.Forward(x)
	if r.add {
		y = graph.Add(x, y)
	}
	return y
}
