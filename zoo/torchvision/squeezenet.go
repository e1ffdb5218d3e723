package torchvision

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type squeezenet struct{ Features, Classifier, Flatten nn.Layer }

// fire squeezes the channels and expands them again in two ways.
type fire struct {
	Squeeze   nn.Layer
	Expand1x1 nn.Layer `nn:"expand1x1"`
	Expand3x3 nn.Layer `nn:"expand3x3"`
}

// SqueezeNet10 returns torchvision's squeezenet1_0, for images of at least 21×21:
// 1,248,424 parameters with 1000 classes.
func SqueezeNet10(classes int) nn.Layer {
	return newSqueezeNet(classes,
		nn.Conv2D(96, 7).Stride(2), nn.ReLU(), firePool(),
		newFire(16, 64), newFire(16, 64), newFire(32, 128), firePool(),
		newFire(32, 128), newFire(48, 192), newFire(48, 192), newFire(64, 256), firePool(),
		newFire(64, 256),
	)
}

// SqueezeNet11 returns torchvision's squeezenet1_1, for images of at least
// 17×17: 1,235,496 parameters with 1000 classes.
func SqueezeNet11(classes int) nn.Layer {
	return newSqueezeNet(classes,
		nn.Conv2D(64, 3).Stride(2), nn.ReLU(), firePool(),
		newFire(16, 64), newFire(16, 64), firePool(),
		newFire(32, 128), newFire(32, 128), firePool(),
		newFire(48, 192), newFire(48, 192), newFire(64, 256), newFire(64, 256),
	)
}

func newSqueezeNet(classes int, features ...nn.Layer) nn.Layer {
	return &squeezenet{
		Features: nn.Sequential(features...),
		Classifier: nn.Sequential(
			nn.Dropout(0.5), nn.Conv2D(classes, 1), nn.ReLU(), nn.GlobalAvgPool2D(),
		),
		Flatten: nn.Flatten(),
	}
}

func firePool() nn.Layer { return nn.MaxPool2D(3).Stride(2).Ceil() }

func (s *squeezenet) Forward(x *graph.Node) *graph.Node {
	return s.Flatten.Forward(s.Classifier.Forward(s.Features.Forward(x)))
}

func newFire(squeeze, expand int) *fire {
	return &fire{nn.Conv2D(squeeze, 1), nn.Conv2D(expand, 1), nn.Conv2D(expand, 3).Pad(1)}
}

func (f *fire) Forward(x *graph.Node) *graph.Node {
	x = graph.ReLU(f.Squeeze.Forward(x))
	return graph.Concat(1, graph.ReLU(f.Expand1x1.Forward(x)), graph.ReLU(f.Expand3x3.Forward(x)))
}
