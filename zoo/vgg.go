package zoo

import (
	"fmt"

	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

func init() {
	spec := Spec{
		Input:    tensor.Shape{1, 224, 224},
		Classes:  10,
		Defaults: Defaults{Batch: 128, LearningRate: 0.05, Epochs: 10},
		Sample:   Defaults{Batch: 64, LearningRate: 0.05, Epochs: 15},
		Init:     nn.XavierUniform(),
	}
	spec.Name, spec.Title = "vgg", "VGG-11, a quarter as wide"
	spec.Doc = "Simonyan & Zisserman 2014 as Dive into Deep Learning trains it: VGG-11 with a quarter of the channels."
	spec.New = func(classes int) nn.Layer { return VGG(classes, VGGConfig{Ratio: 4}) }
	register(spec)
	for _, depth := range []int{11, 13, 16, 19} {
		spec.Name, spec.Title = fmt.Sprintf("vgg%d", depth), fmt.Sprintf("VGG-%d", depth)
		spec.Doc = fmt.Sprintf("Simonyan & Zisserman 2014: blocks of 3×3 convolutions and three linear layers, %d layers with weights.", depth)
		spec.New = func(classes int) nn.Layer { return VGG(classes, VGGConfig{Depth: depth}) }
		register(spec)
	}
}

// VGGConfig says which VGG; the zero value is VGG-11.
type VGGConfig struct {
	// Depth is the number of layers with weights, which names how many
	// convolutions the five blocks have: 11 (also for 0), 13, 16 or 19.
	Depth int
	// Blocks are the convolutions of each block, in place of those that Depth
	// names. The channels are 64, 128, 256 and from then on 512.
	Blocks []int
	// Ratio divides the channels; 0 means 1.
	Ratio int
	// Hidden is the number of units of the two hidden linear layers; 0 means
	// 4096.
	Hidden int
}

// vggBlocks are configurations A, B, D and E of the paper.
var vggBlocks = map[int][]int{
	11: {1, 1, 2, 2, 2},
	13: {2, 2, 2, 2, 2},
	16: {2, 2, 3, 3, 3},
	19: {2, 2, 4, 4, 4},
}

// VGG returns a VGG network, in the book for images of 224×224; VGG-11 with
// Ratio 4 has 43,093,322 parameters with 10 classes and one input channel. Names
// are those of the book's nn.Sequential of blocks: "0.0.weight", … "6.weight",
// "9.weight", "12.weight". A Depth that is none of the paper's is an error of
// nn.New.
func VGG(classes int, c VGGConfig) nn.Layer {
	blocks := c.Blocks
	if blocks == nil {
		if blocks = vggBlocks[orDefault(c.Depth, 11)]; blocks == nil {
			return invalid("VGG", "there is no VGG-%d: depths are 11, 13, 16 and 19", c.Depth)
		}
	}
	var layers []nn.Layer
	for i, convolutions := range blocks {
		layers = append(layers, VGGBlock(convolutions, min(64<<i, 512)/max(c.Ratio, 1)))
	}
	hidden := orDefault(c.Hidden, 4096)
	return nn.Sequential(append(layers,
		nn.Flatten(),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(classes),
	)...)
}

// VGGBlock returns 3×3 convolutions with padding 1, each followed by a ReLU,
// and then max pooling that halves the image.
func VGGBlock(convolutions, channels int) *nn.SequentialLayer {
	var layers []nn.Layer
	for range convolutions {
		layers = append(layers, nn.Conv2D(channels, 3).Pad(1), nn.ReLU())
	}
	return nn.Sequential(append(layers, nn.MaxPool2D(2))...)
}
