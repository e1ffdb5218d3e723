package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	chaptertest.Prints(t, outputs, map[string]string{ // of Dive into Deep Learning
		"quarter": "channels ÷ 4:  43093322 parameters",
		"shapes":  "Sequential output shape: \t 1×512×7×7\nFlatten output shape: \t 1×25088\n",
		"equal":   "the same values: true",
	})
}

// vggOfBlocks is vgg with blocks of type VGGBlock.
func vggOfBlocks(convolutions []int, ratio, hidden int) nn.Layer {
	net := nn.Sequential()
	for i, n := range convolutions {
		net.Append(NewVGGBlock(n, min(64<<i, 512)/ratio))
	}
	return net.Append(nn.Flatten(),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(hidden), nn.ReLU(), nn.Dropout(0.5),
		nn.Linear(10))
}

// The networks of the text are those of package zoo: the same names, weights and values.
func TestNetworks(t *testing.T) {
	for depth, convolutions := range map[int][]int{11: vgg11, 16: {2, 2, 3, 3, 3}} {
		zoos := zoo.VGG(10, zoo.VGGConfig{Depth: depth})
		for _, net := range []nn.Layer{vgg(convolutions, 1, 4096), vggOfBlocks(convolutions, 1, 4096)} {
			chaptertest.SameState(t, net, zoos, tensor.Shape{1, 224, 224})
		}
	}
	for _, net := range []nn.Layer{vgg(vgg11, 16, 32), vggOfBlocks(vgg11, 16, 32)} {
		chaptertest.SameOutputs(t, net, zoo.VGG(10, zoo.VGGConfig{Ratio: 16, Hidden: 32}), 2, tensor.Shape{1, 32, 32})
	}
}
