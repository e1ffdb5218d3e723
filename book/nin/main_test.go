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
		"compare": "NiN        1992166 parameters",
		"shapes":  "Sequential output shape: \t 1×10×5×5\nAdaptiveAvgPool2d output shape: \t 1×10×1×1\nFlatten output shape: \t 1×10\n",
	} {
		if !strings.Contains(outputs[section], want) {
			t.Errorf("%s: want %q in\n%s", section, want, outputs[section])
		}
	}
}

// The networks of the text are those of package zoo: the same names, weights and values.
func TestNetworks(t *testing.T) {
	for _, test := range []struct {
		ours, zoos nn.Layer
		side       int
	}{
		{nin(1), zoo.NiN(10, zoo.NiNConfig{}), 224},
		{nin28(8), zoo.NiN(10, zoo.NiNConfig{Ratio: 8, Small: true}), 28},
		{network(ninBlock, 8), zoo.NiN(10, zoo.NiNConfig{Ratio: 8, Small: true}), 28},
	} {
		input := tensor.Shape{1, test.side, test.side}
		want, err := nn.StateShapes(test.zoos, input)
		if err != nil {
			t.Fatal(err)
		}
		got, err := nn.StateShapes(test.ours, input)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%d pixels: %v %s", test.side, err, diff)
		}
		x := tensor.Rand(tensor.Seed(2), 1, 1, test.side, test.side)
		var results []*tensor.Tensor
		for _, net := range []nn.Layer{test.ours, test.zoos} {
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
			t.Errorf("%d pixels: %v, want %v", test.side, results[0], results[1])
		}
	}
}
