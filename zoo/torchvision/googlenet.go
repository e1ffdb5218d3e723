package torchvision

import (
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type googlenet struct {
	Conv1, Maxpool1                                    nn.Layer
	Conv2, Conv3, Maxpool2                             nn.Layer
	Inception3A, Inception3B, Maxpool3                 nn.Layer
	Inception4A, Inception4B, Inception4C, Inception4D nn.Layer
	Inception4E, Maxpool4                              nn.Layer
	Inception5A, Inception5B                           nn.Layer
	Avgpool, Flatten, Dropout                          nn.Layer
	FC                                                 nn.Layer
}

// GoogLeNet returns torchvision's googlenet, for images of at least 15×15:
// 6,624,904 parameters with 1000 classes. It has batch normalization, and 3×3
// convolutions where the paper has 5×5 ones, which torchvision keeps for its
// weights.
//
// The two auxiliary classifiers, which only serve training, are left out;
// weights for them (names that begin with aux1. or aux2.) are accepted and
// ignored. torchvision's weights expect images normalised with mean 0.5 and
// standard deviation 0.5: torchvision itself takes the usual normalisation
// and converts (transform_input).
func GoogLeNet(classes int) nn.Layer {
	pool := func(k int) nn.Layer { return nn.MaxPool2D(k).Stride(2).Ceil() }
	return &googlenet{
		Conv1: convBNReLU(64, 7, 2), Maxpool1: pool(3),
		Conv2: convBNReLU(64, 1, 1), Conv3: convBNReLU(192, 3, 1), Maxpool2: pool(3),
		Inception3A: newInception(64, 96, 128, 16, 32, 32),
		Inception3B: newInception(128, 128, 192, 32, 96, 64), Maxpool3: pool(3),
		Inception4A: newInception(192, 96, 208, 16, 48, 64),
		Inception4B: newInception(160, 112, 224, 24, 64, 64),
		Inception4C: newInception(128, 128, 256, 24, 64, 64),
		Inception4D: newInception(112, 144, 288, 32, 64, 64),
		Inception4E: newInception(256, 160, 320, 32, 128, 128), Maxpool4: pool(2),
		Inception5A: newInception(256, 160, 320, 32, 128, 128),
		Inception5B: newInception(384, 192, 384, 48, 128, 128),
		Avgpool:     nn.GlobalAvgPool2D(), Flatten: nn.Flatten(), Dropout: nn.Dropout(0.2), FC: nn.Linear(classes),
	}
}

func (n *googlenet) Forward(x *graph.Node) *graph.Node {
	for _, l := range []nn.Layer{
		n.Conv1, n.Maxpool1, n.Conv2, n.Conv3, n.Maxpool2,
		n.Inception3A, n.Inception3B, n.Maxpool3,
		n.Inception4A, n.Inception4B, n.Inception4C, n.Inception4D, n.Inception4E, n.Maxpool4,
		n.Inception5A, n.Inception5B, n.Avgpool, n.Flatten, n.Dropout, n.FC,
	} {
		x = nn.Apply(l, x)
	}
	return x
}

// StateName ignores the auxiliary classifiers.
func (n *googlenet) StateName(name string) string {
	if strings.HasPrefix(name, "aux1.") || strings.HasPrefix(name, "aux2.") {
		return ""
	}
	return name
}

// basicConv is a convolution with batch normalization and ReLU.
type basicConv struct{ Conv, BN nn.Layer }

func convBNReLU(out, kernel, stride int) *basicConv {
	return &basicConv{nn.Conv2D(out, kernel).Stride(stride).Pad((kernel - 1) / 2).NoBias(), nn.BatchNorm().Eps(1e-3)}
}

func (c *basicConv) Forward(x *graph.Node) *graph.Node {
	return graph.ReLU(c.BN.Forward(c.Conv.Forward(x)))
}

// inception joins the channels of four branches.
type inception struct{ Branch1, Branch2, Branch3, Branch4 nn.Layer }

func newInception(b1, reduce2, b2, reduce3, b3, b4 int) *inception {
	return &inception{
		convBNReLU(b1, 1, 1),
		nn.Sequential(convBNReLU(reduce2, 1, 1), convBNReLU(b2, 3, 1)),
		nn.Sequential(convBNReLU(reduce3, 1, 1), convBNReLU(b3, 3, 1)),
		nn.Sequential(nn.MaxPool2D(3).Stride(1).Pad(1).Ceil(), convBNReLU(b4, 1, 1)),
	}
}

func (n *inception) Forward(x *graph.Node) *graph.Node {
	return graph.Concat(1, nn.Apply(n.Branch1, x), nn.Apply(n.Branch2, x), nn.Apply(n.Branch3, x), nn.Apply(n.Branch4, x))
}
