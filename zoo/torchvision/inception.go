package torchvision

import (
	"fmt"
	"strings"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
)

type inceptionV3 struct {
	Conv1a   nn.Layer `nn:"Conv2d_1a_3x3"`
	Conv2a   nn.Layer `nn:"Conv2d_2a_3x3"`
	Conv2b   nn.Layer `nn:"Conv2d_2b_3x3"`
	Maxpool1 nn.Layer
	Conv3b   nn.Layer `nn:"Conv2d_3b_1x1"`
	Conv4a   nn.Layer `nn:"Conv2d_4a_3x3"`
	Maxpool2 nn.Layer
	Mixed5b  nn.Layer `nn:"Mixed_5b"`
	Mixed5c  nn.Layer `nn:"Mixed_5c"`
	Mixed5d  nn.Layer `nn:"Mixed_5d"`
	Mixed6a  nn.Layer `nn:"Mixed_6a"`
	Mixed6b  nn.Layer `nn:"Mixed_6b"`
	Mixed6c  nn.Layer `nn:"Mixed_6c"`
	Mixed6d  nn.Layer `nn:"Mixed_6d"`
	Mixed6e  nn.Layer `nn:"Mixed_6e"`
	Mixed7a  nn.Layer `nn:"Mixed_7a"`
	Mixed7b  nn.Layer `nn:"Mixed_7b"`
	Mixed7c  nn.Layer `nn:"Mixed_7c"`

	Avgpool, Dropout, Flatten, FC nn.Layer
}

// InceptionV3 returns torchvision's inception_v3 (Szegedy et al. 2015), for images
// of at least 75×75, 299×299 by default: 23,834,568 parameters with 1000 classes.
//
// The auxiliary classifier, which only serves training, is left out; weights for it
// (names that begin with AuxLogits.) are accepted and ignored. torchvision's weights
// expect images normalised with mean 0.5 and standard deviation 0.5: torchvision
// itself takes the usual normalisation and converts (transform_input).
func InceptionV3(classes int) nn.Layer { return newInceptionV3(1, classes) }

// newInceptionV3 has all channels divided by a number.
func newInceptionV3(divisor, classes int) nn.Layer {
	c := inceptionScale(divisor)
	pool := func() nn.Layer { return nn.MaxPool2D(3).Stride(2) }
	return &inceptionV3{
		Conv1a: c.conv(32, 3, 3, 2, false), Conv2a: c.conv(32, 3, 3, 1, false), Conv2b: c.same(64, 3, 3), Maxpool1: pool(),
		Conv3b: c.same(80, 1, 1), Conv4a: c.conv(192, 3, 3, 1, false), Maxpool2: pool(),
		Mixed5b: c.blockA(32), Mixed5c: c.blockA(64), Mixed5d: c.blockA(64),
		Mixed6a: c.blockB(),
		Mixed6b: c.blockC(128), Mixed6c: c.blockC(160), Mixed6d: c.blockC(160), Mixed6e: c.blockC(192),
		Mixed7a: c.blockD(),
		Mixed7b: c.blockE(), Mixed7c: c.blockE(),
		Avgpool: nn.GlobalAvgPool2D(), Dropout: nn.Dropout(0.5), Flatten: nn.Flatten(), FC: nn.Linear(classes),
	}
}

func (n *inceptionV3) Forward(x *graph.Node) *graph.Node {
	for _, l := range []nn.Layer{
		n.Conv1a, n.Conv2a, n.Conv2b, n.Maxpool1, n.Conv3b, n.Conv4a, n.Maxpool2,
		n.Mixed5b, n.Mixed5c, n.Mixed5d, n.Mixed6a, n.Mixed6b, n.Mixed6c, n.Mixed6d, n.Mixed6e,
		n.Mixed7a, n.Mixed7b, n.Mixed7c, n.Avgpool, n.Dropout, n.Flatten, n.FC,
	} {
		x = nn.Apply(l, x)
	}
	return x
}

// StateName ignores the auxiliary classifier.
func (n *inceptionV3) StateName(name string) string {
	if strings.HasPrefix(name, "AuxLogits.") {
		return ""
	}
	return name
}

// mixed joins the channels of several branches, each a chain of layers. Its
// convolutions have torchvision's names: NAME for the only one of a branch, NAME_1,
// NAME_2, … for several.
type mixed struct {
	*nn.SequentialLayer
	branches [][]nn.Layer `nn:"-"`
}

func newMixed() *mixed { return &mixed{SequentialLayer: nn.Sequential()} }

// branch adds a chain of convolutions, of which the last may be a fork.
func (m *mixed) branch(name string, layers ...nn.Layer) *mixed {
	for i, l := range layers {
		path := name
		if len(layers) > 1 {
			path = fmt.Sprintf("%s_%d", name, i+1)
		}
		if f, ok := l.(*fork); ok {
			m.Add(path+"a", f.a).Add(path+"b", f.b)
		} else {
			m.Add(path, l)
		}
	}
	m.branches = append(m.branches, layers)
	return m
}

// pool adds a pooling and the layers behind it.
func (m *mixed) pool(pool nn.Layer, convolutions ...nn.Layer) *mixed {
	m.Add("pool", pool)
	m.branch("branch_pool", convolutions...)
	last := len(m.branches) - 1
	m.branches[last] = append([]nn.Layer{pool}, m.branches[last]...)
	return m
}

func (m *mixed) Forward(x *graph.Node) *graph.Node {
	var outputs []*graph.Node
	for _, layers := range m.branches {
		y := x
		for _, l := range layers {
			y = nn.Apply(l, y)
		}
		outputs = append(outputs, y)
	}
	return graph.Concat(1, outputs...)
}

// fork joins the channels of two convolutions of the same input.
type fork struct{ a, b nn.Layer }

func (f *fork) Forward(x *graph.Node) *graph.Node {
	return graph.Concat(1, nn.Apply(f.a, x), nn.Apply(f.b, x))
}

// inceptionScale is what all channels of the network are divided by.
type inceptionScale int

// conv is a convolution with batch normalization and ReLU, padded with zeros so that
// the image keeps its size, or not at all.
func (c inceptionScale) conv(out, height, width, stride int, padded bool) nn.Layer {
	conv := nn.Conv2D(out/int(c), 1).Kernel(height, width).Stride(stride).NoBias()
	if padded {
		conv.PadHW(height/2, width/2)
	}
	return &basicConv{conv, nn.BatchNorm().Eps(1e-3)}
}

func (c inceptionScale) same(out, height, width int) nn.Layer {
	return c.conv(out, height, width, 1, true)
}

// half halves the sides of the image.
func (c inceptionScale) half(out int) nn.Layer { return c.conv(out, 3, 3, 2, false) }

func averagePool() nn.Layer { return nn.AvgPool2D(3).Stride(1).Pad(1) }

// blockA is figure 5 of the paper, with 5×5 convolutions.
func (c inceptionScale) blockA(pooled int) nn.Layer {
	return newMixed().
		branch("branch1x1", c.same(64, 1, 1)).
		branch("branch5x5", c.same(48, 1, 1), c.same(64, 5, 5)).
		branch("branch3x3dbl", c.same(64, 1, 1), c.same(96, 3, 3), c.same(96, 3, 3)).
		pool(averagePool(), c.same(pooled, 1, 1))
}

// blockB reduces the image, as figure 10 of the paper.
func (c inceptionScale) blockB() nn.Layer {
	return newMixed().
		branch("branch3x3", c.half(384)).
		branch("branch3x3dbl", c.same(64, 1, 1), c.same(96, 3, 3), c.half(96)).
		pool(nn.MaxPool2D(3).Stride(2))
}

// blockC is figure 6 of the paper: 7×7 convolutions as pairs of 1×7 and 7×1.
func (c inceptionScale) blockC(inner int) nn.Layer {
	return newMixed().
		branch("branch1x1", c.same(192, 1, 1)).
		branch("branch7x7", c.same(inner, 1, 1), c.same(inner, 1, 7), c.same(192, 7, 1)).
		branch("branch7x7dbl", c.same(inner, 1, 1), c.same(inner, 7, 1), c.same(inner, 1, 7), c.same(inner, 7, 1), c.same(192, 1, 7)).
		pool(averagePool(), c.same(192, 1, 1))
}

// blockD reduces the image.
func (c inceptionScale) blockD() nn.Layer {
	return newMixed().
		branch("branch3x3", c.same(192, 1, 1), c.half(320)).
		branch("branch7x7x3", c.same(192, 1, 1), c.same(192, 1, 7), c.same(192, 7, 1), c.half(192)).
		pool(nn.MaxPool2D(3).Stride(2))
}

// blockE is figure 7 of the paper: forks of 1×3 and 3×1 convolutions.
func (c inceptionScale) blockE() nn.Layer {
	forked := func() nn.Layer { return &fork{c.same(384, 1, 3), c.same(384, 3, 1)} }
	return newMixed().
		branch("branch1x1", c.same(320, 1, 1)).
		branch("branch3x3", c.same(384, 1, 1), forked()).
		branch("branch3x3dbl", c.same(448, 1, 1), c.same(384, 3, 3), forked()).
		pool(averagePool(), c.same(192, 1, 1))
}
