package diagram

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// bridge has paths that do not just part and join: b goes both to the first sum and to the second one.
type bridge struct{ A, B *nn.Conv2DLayer }

func newBridge() *bridge { return &bridge{nn.Conv2D(4, 3).Pad(1), nn.Conv2D(4, 1)} }

func (m *bridge) Forward(x *graph.Node) *graph.Node {
	x = m.A.Forward(x)
	b := m.B.Forward(x)
	return graph.Add(b, graph.Mul(x, b))
}

// count returns how often a text occurs in a figure of a network.
func count(t *testing.T, n Network, text string) int {
	t.Helper()
	n.Title = "network"
	var b bytes.Buffer
	if err := n.WriteSVG(&b); err != nil {
		t.Fatal(err)
	}
	return strings.Count(b.String(), ">"+text+"<")
}

// Boxes have what the network's layers are.
func TestNetworkBoxes(t *testing.T) {
	resnet := Network{Net: zoo.ResNet(10, zoo.ResNetConfig{}), Input: tensor.Shape{1, 96, 96}}
	googlenet := Network{Net: zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), Input: tensor.Shape{1, 96, 96}}
	inside := resnet
	inside.Block, inside.Detail = "2.0", Layers
	unfolded := resnet
	unfolded.Unfolded = true
	named := Network{Net: zoo.VGG(10, zoo.VGGConfig{Ratio: 4}), Input: tensor.Shape{1, 224, 224}, Names: map[string]string{"0": "VGG block", "1": "VGG block", "input": "picture"}}
	dense := Network{Net: zoo.DenseNet(10, zoo.DenseNetConfig{}), Input: tensor.Shape{1, 96, 96}, Block: "1", Detail: Layers, Language: "zh"}
	custom := Network{Net: newBridge(), Input: tensor.Shape{1, 8, 8}, Detail: Layers}
	framed := Network{Net: zoo.VGG(10, zoo.VGGConfig{Ratio: 4}), Input: tensor.Shape{1, 224, 224}, Frames: map[string]string{"0": "block 1", "2": "block 3"}}
	flat := Network{Net: zoo.LeNet(10), Input: tensor.Shape{1, 28, 28}, Shapeless: true}
	for _, test := range []struct {
		network Network
		text    string
		want    int
	}{
		{resnet, "residual block", 7}, // the first two are one box
		{resnet, "×2", 1},
		{googlenet, "Inception block", 9}, // two that follow each other have the same output, but other channels inside
		{unfolded, "residual block", 8},
		{unfolded, "×2", 0},
		{resnet, "channels 64 → 128", 1},
		{inside, "3×3 conv, 128", 2},
		{inside, "1×1 conv, 128", 1},
		{inside, "stride 2", 1}, // of the shortcut
		{inside, "+", 1},
		{inside, "128 × 12×12", 1},
		{named, "VGG block", 2},
		{named, "picture", 1},
		{named, "channels 1 → 16", 1},
		{dense, "在通道上拼接", 4},
		{dense, "批量规范化 · ReLU", 4},
		{dense, "192 × 24×24", 1},
		{custom, "×", 1},
		{custom, "+", 1},
		{framed, "block 1", 1},
		{framed, "block 3", 1},
		{framed, "3×3 conv, 128", 2}, // those of blocks 4 and 5, folded each for itself
		{framed, "×2", 4},
		{flat, "6 × 28×28", 0},
		{flat, "fully connected, 84", 1},
	} {
		if got := count(t, test.network, test.text); got != test.want {
			t.Errorf("%q occurs %d times, want %d", test.text, got, test.want)
		}
	}
}

// Every network of the zoo has a figure at both levels.
func TestZoo(t *testing.T) {
	for _, name := range zoo.Names() {
		spec, err := zoo.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, detail := range []Detail{Blocks, Layers} {
			var b bytes.Buffer
			if err := (Network{Title: name, Net: spec.New(10), Input: spec.Input, Detail: detail}).WriteSVG(&b); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			checkFile(t, name, b.Bytes())
		}
	}
}

// Receptive fields begin and end where their windows do.
func TestFieldsOf(t *testing.T) {
	net, input := zoo.LeNet(10), tensor.Shape{1, 28, 28}
	got, err := FieldsOf(net, input, []string{"0", "2", "3", "5"}, "conv")
	if err != nil {
		t.Fatal(err)
	}
	// Row 14 of the first convolution, whose padding is 2, begins at row 12; row 7 of the pooling is rows 14 and 15.
	for i, want := range []image.Rectangle{image.Rect(12, 12, 17, 17), image.Rect(12, 12, 18, 18), image.Rect(8, 8, 22, 22), image.Rect(6, 6, 22, 22)} {
		if got[i].Box != want {
			t.Errorf("box %d is %v, want %v", i, got[i].Box, want)
		}
	}
	if got[0].Label != "conv" || got[1].Label != "" {
		t.Error(got)
	}
	residual, err := FieldsOf(zoo.ResNet(10, zoo.ResNetConfig{}), tensor.Shape{1, 96, 96}, []string{"1.0"})
	if err != nil || residual[0].Box.Dx() != 27 { // 7, pooling 11, two 3×3 at a step of 4: 27
		t.Errorf("%v, %v", residual, err)
	}
	for _, path := range []string{"7", "77"} {
		if _, err := FieldsOf(net, input, []string{path}); err == nil {
			t.Errorf("%s is no error", path)
		}
	}
}
