package zoo

import (
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	register(Spec{
		Name:     "googlenet",
		Title:    "GoogLeNet",
		Doc:      "Szegedy et al. 2014 as in Dive into Deep Learning: nine Inception blocks of four parallel paths, without the auxiliary classifiers.",
		Input:    tensor.Shape{1, 96, 96},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.1, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.1, Epochs: 20},
		Init:     nn.XavierUniform(),
		New:      func(classes int) nn.Layer { return GoogLeNet(classes, GoogLeNetConfig{}) },
	})
}

// GoogLeNetConfig says which GoogLeNet; the zero value is the book's.
type GoogLeNetConfig struct {
	// Ratio divides all channels; 0 means 1. All are multiples of 8.
	Ratio int
}

// GoogLeNet returns the book's GoogLeNet, for images of 96×96: 5,977,530
// parameters with 10 classes and one input channel. Names are those of the
// book's nn.Sequential of five stages: "0.0.weight", "2.0.p1_1.weight", …
// "5.bias".
func GoogLeNet(classes int, c GoogLeNetConfig) nn.Layer {
	r := max(c.Ratio, 1)
	inception := func(c1 int, c2, c3 [2]int, c4 int) *Inception {
		return NewInception(c1/r, [2]int{c2[0] / r, c2[1] / r}, [2]int{c3[0] / r, c3[1] / r}, c4/r)
	}
	half := func() nn.Layer { return nn.MaxPool2D(3).Stride(2).Pad(1) }
	return nn.Sequential(
		nn.Sequential(
			nn.Conv2D(64/r, 7).Stride(2).Pad(3), nn.ReLU(),
			half()),
		nn.Sequential(
			nn.Conv2D(64/r, 1), nn.ReLU(),
			nn.Conv2D(192/r, 3).Pad(1), nn.ReLU(),
			half()),
		nn.Sequential(
			inception(64, [2]int{96, 128}, [2]int{16, 32}, 32),
			inception(128, [2]int{128, 192}, [2]int{32, 96}, 64),
			half()),
		nn.Sequential(
			inception(192, [2]int{96, 208}, [2]int{16, 48}, 64),
			inception(160, [2]int{112, 224}, [2]int{24, 64}, 64),
			inception(128, [2]int{128, 256}, [2]int{24, 64}, 64),
			inception(112, [2]int{144, 288}, [2]int{32, 64}, 64),
			inception(256, [2]int{160, 320}, [2]int{32, 128}, 128),
			half()),
		nn.Sequential(
			inception(256, [2]int{160, 320}, [2]int{32, 128}, 128),
			inception(384, [2]int{192, 384}, [2]int{48, 128}, 128),
			nn.GlobalAvgPool2D(), nn.Flatten()),
		nn.Linear(classes),
	)
}

// An Inception block looks at its input in four ways and concatenates the
// results along the channels; the image keeps its size.
type Inception struct {
	// One is a 1×1 convolution.
	One nn.Layer `nn:"p1_1"`
	// Three is a 3×3 convolution after one of 1×1 that lessens the channels.
	ReduceThree nn.Layer `nn:"p2_1"`
	Three       nn.Layer `nn:"p2_2"`
	// Five is a 5×5 convolution after one of 1×1.
	ReduceFive nn.Layer `nn:"p3_1"`
	Five       nn.Layer `nn:"p3_2"`
	// Pool is 3×3 max pooling with stride 1, and OnePool a 1×1 convolution
	// after it.
	Pool    nn.Layer `nn:"p4_1"`
	OnePool nn.Layer `nn:"p4_2"`
}

// NewInception returns a block with c1 output channels on its 1×1 path, c2[1]
// on the 3×3 path, reduced to c2[0] before, likewise c3 on the 5×5 path, and
// c4 on the path with pooling. Its output has c1+c2[1]+c3[1]+c4 channels.
func NewInception(c1 int, c2, c3 [2]int, c4 int) *Inception {
	return &Inception{
		One:         nn.Conv2D(c1, 1),
		ReduceThree: nn.Conv2D(c2[0], 1), Three: nn.Conv2D(c2[1], 3).Pad(1),
		ReduceFive: nn.Conv2D(c3[0], 1), Five: nn.Conv2D(c3[1], 5).Pad(2),
		Pool: nn.MaxPool2D(3).Stride(1).Pad(1), OnePool: nn.Conv2D(c4, 1),
	}
}

// Forward adds the four paths of x and joins them.
func (b *Inception) Forward(x *graph.Node) *graph.Node {
	p1 := graph.ReLU(b.One.Forward(x))
	p2 := graph.ReLU(b.Three.Forward(graph.ReLU(b.ReduceThree.Forward(x))))
	p3 := graph.ReLU(b.Five.Forward(graph.ReLU(b.ReduceFive.Forward(x))))
	p4 := graph.ReLU(b.OnePool.Forward(b.Pool.Forward(x)))
	return graph.Concat(1, p1, p2, p3, p4)
}
