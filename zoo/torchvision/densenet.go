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
// denselayer1.norm1.weight. The other DenseNets do so, too.
func DenseNet121(classes int) nn.Layer { return newDenseNet(64, 32, [4]int{6, 12, 24, 16}, classes) }

// DenseNet161 returns torchvision's densenet161, whose layers add 48 channels instead
// of 32: 28,681,000 parameters with 1000 classes.
func DenseNet161(classes int) nn.Layer { return newDenseNet(96, 48, [4]int{6, 12, 36, 24}, classes) }

// DenseNet169 returns torchvision's densenet169: 14,149,480 parameters with 1000
// classes.
func DenseNet169(classes int) nn.Layer { return newDenseNet(64, 32, [4]int{6, 12, 32, 32}, classes) }

// DenseNet201 returns torchvision's densenet201: 20,013,928 parameters with 1000
// classes.
func DenseNet201(classes int) nn.Layer { return newDenseNet(64, 32, [4]int{6, 12, 48, 32}, classes) }

// newDenseNet begins with some channels, to which each layer adds growth.
func newDenseNet(channels, growth int, blocks [4]int, classes int) nn.Layer {
	features := nn.Sequential().
		Add("conv0", nn.Conv2D(channels, 7).Stride(2).Pad(3).NoBias()).
		Add("norm0", nn.BatchNorm()).
		Add("relu0", nn.ReLU()).
		Add("pool0", nn.MaxPool2D(3).Stride(2).Pad(1))
	for i, layers := range blocks {
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
