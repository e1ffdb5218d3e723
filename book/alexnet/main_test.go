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
		"costs":  "46764746 parameters",
		"shapes": "MaxPool2d output shape: \t 1×256×5×5\nFlatten output shape: \t 1×6400\n",
	} {
		if !strings.Contains(outputs[section], want) {
			t.Errorf("%s: want %q in\n%s", section, want, outputs[section])
		}
	}
}

// The networks of the text are those of package zoo: the same names, weights and values.
func TestNetworks(t *testing.T) {
	for _, test := range []struct {
		name       string
		ours, zoos nn.Layer
		input      tensor.Shape
		shapesOnly bool
	}{
		{"AlexNet", alexnet(1), zoo.AlexNet(10, zoo.AlexNetConfig{}), tensor.Shape{1, 224, 224}, true},
		{"AlexNet, channels ÷ 16", alexnet(16), zoo.AlexNet(10, zoo.AlexNetConfig{Ratio: 16}), tensor.Shape{1, 96, 96}, false},
		{"AlexNet for 28×28", alexnet28(16), zoo.AlexNet(10, zoo.AlexNetConfig{Ratio: 16, Small: true}), tensor.Shape{1, 28, 28}, false},
	} {
		want, err := nn.StateShapes(test.zoos, test.input)
		if err != nil {
			t.Fatal(err)
		}
		got, err := nn.StateShapes(test.ours, test.input)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", test.name, err, diff)
		}
		if test.shapesOnly {
			continue
		}
		x := tensor.Rand(tensor.Seed(2), append(tensor.Shape{2}, test.input...)...)
		var results []*tensor.Tensor
		for _, net := range []nn.Layer{test.ours, test.zoos} {
			model, err := nn.New(net, test.input, nn.Options{Seed: 1, Init: nn.XavierUniform()})
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
		if !results[0].Equal(results[1]) {
			t.Errorf("%s: %v, want %v", test.name, results[0], results[1])
		}
	}
}
