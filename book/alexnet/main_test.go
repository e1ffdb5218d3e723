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
		"costs":  "46764746 parameters",
		"shapes": "MaxPool2d output shape: \t 1×256×5×5\nFlatten output shape: \t 1×6400\n",
	})
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
		t.Run(test.name, func(t *testing.T) {
			chaptertest.SameState(t, test.ours, test.zoos, test.input)
			if !test.shapesOnly {
				chaptertest.SameOutputs(t, test.ours, test.zoos, 2, test.input)
			}
		})
	}
}
