package torchvision

import (
	"fmt"
	"regexp"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type densenet struct {
	Features                     *nn.SequentialLayer
	Avgpool, Flatten, Classifier nn.Layer
}

// DenseNet121 returns torchvision's densenet121: 7,978,856 parameters with
// 1000 classes. It also loads weights with the names of torchvision's first
// release, which its files still have: denselayer1.norm.1.weight for
// denselayer1.norm1.weight.
func DenseNet121(classes int) nn.Layer {
	const growth = 32
	features := nn.Sequential().
		Add("conv0", nn.Conv2D(64, 7).Stride(2).Pad(3).NoBias()).
		Add("norm0", nn.BatchNorm()).
		Add("relu0", nn.ReLU()).
		Add("pool0", nn.MaxPool2D(3).Stride(2).Pad(1))
	channels := 64
	for i, layers := range []int{6, 12, 24, 16} {
		if i > 0 {
			channels /= 2
			features.Add(fmt.Sprintf("transition%d", i), nn.Sequential().
				Add("norm", nn.BatchNorm()).
				Add("relu", nn.ReLU()).
				Add("conv", nn.Conv2D(channels, 1).NoBias()).
				Add("pool", nn.AvgPool2D(2)))
		}
		features.Add(fmt.Sprintf("denseblock%d", i+1), newDenseBlock(layers, growth))
		channels += layers * growth
	}
	features.Add("norm5", nn.BatchNorm())
	return &densenet{features, nn.GlobalAvgPool2D(), nn.Flatten(), nn.Linear(classes)}
}

func (d *densenet) Forward(x *graph.Node) *graph.Node {
	x = graph.ReLU(d.Features.Forward(x))
	return d.Classifier.Forward(d.Flatten.Forward(d.Avgpool.Forward(x)))
}

var oldDenseName = regexp.MustCompile(`^(.*\.denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$`)

// StateName turns names of the first release into those of today.
func (d *densenet) StateName(name string) string {
	return oldDenseName.ReplaceAllString(name, "$1$2")
}

// denseBlock joins to its input what each of its layers makes of the input and
// of the layers before.
type denseBlock struct{ *nn.SequentialLayer }

func newDenseBlock(layers, growth int) denseBlock {
	b := denseBlock{nn.Sequential()}
	for i := range layers {
		b.Add(fmt.Sprintf("denselayer%d", i+1), nn.Sequential().
			Add("norm1", nn.BatchNorm()).
			Add("relu1", nn.ReLU()).
			Add("conv1", nn.Conv2D(4*growth, 1).NoBias()).
			Add("norm2", nn.BatchNorm()).
			Add("relu2", nn.ReLU()).
			Add("conv2", nn.Conv2D(growth, 3).Pad(1).NoBias()))
	}
	return b
}

func (b denseBlock) Forward(x *graph.Node) *graph.Node {
	for _, l := range b.Layers() {
		x = graph.Concat(1, x, l.Forward(x))
	}
	return x
}
