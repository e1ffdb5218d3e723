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
		"stages": "together  5977530 parameters",
		"shapes": "Sequential output shape: \t 1×832×3×3\nSequential output shape: \t 1×1024\nLinear output shape: \t 1×10\n",
	} {
		if !strings.Contains(outputs[section], want) {
			t.Errorf("%s: want %q in\n%s", section, want, outputs[section])
		}
	}
}

// The network of the text is that of package zoo: the same names, weights and values.
func TestNetwork(t *testing.T) {
	input := tensor.Shape{1, 96, 96}
	want, err := nn.StateShapes(zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), input)
	if err != nil {
		t.Fatal(err)
	}
	got, err := nn.StateShapes(googlenet(1), input)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	input = tensor.Shape{1, 32, 32}
	x := tensor.Rand(tensor.Seed(2), 2, 1, 32, 32)
	var results []*tensor.Tensor
	for _, net := range []nn.Layer{googlenet(8), zoo.GoogLeNet(10, zoo.GoogLeNetConfig{Ratio: 8})} {
		model, err := nn.New(net, input, nn.Options{Seed: 1, Init: nn.XavierUniform()})
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
		t.Errorf("%v, want %v", results[0], results[1])
	}
}
