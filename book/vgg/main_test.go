package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	for section, want := range map[string]string{ // of Dive into Deep Learning
		"quarter": "channels ÷ 4:  43093322 parameters",
		"shapes":  "Sequential output shape: \t 1×512×7×7\nFlatten output shape: \t 1×25088\n",
		"equal":   "the same values: true",
	} {
		if !strings.Contains(outputs[section], want) {
			t.Errorf("%s: want %q in\n%s", section, want, outputs[section])
		}
	}
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
		input := tensor.Shape{1, 224, 224}
		want, err := nn.StateShapes(zoo.VGG(10, zoo.VGGConfig{Depth: depth}), input)
		if err != nil {
			t.Fatal(err)
		}
		for _, net := range []nn.Layer{vgg(convolutions, 1, 4096), vggOfBlocks(convolutions, 1, 4096)} {
			got, err := nn.StateShapes(net, input)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("VGG-%d: %v %s", depth, err, diff)
			}
		}
	}
	x := tensor.Rand(tensor.Seed(2), 2, 1, 32, 32)
	var results []*tensor.Tensor
	for _, net := range []nn.Layer{zoo.VGG(10, zoo.VGGConfig{Ratio: 16, Hidden: 32}), vgg(vgg11, 16, 32), vggOfBlocks(vgg11, 16, 32)} {
		model, err := nn.New(net, tensor.Shape{1, 32, 32}, nn.Options{Seed: 1, Init: nn.XavierUniform()})
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		y, err := model.Predict(nil, x)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, y)
	}
	if !results[1].Equal(results[0]) || !results[2].Equal(results[0]) {
		t.Errorf("%v and %v, want %v", results[1], results[2], results[0])
	}
}
