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
		"compare": "NiN        1992166 parameters",
		"shapes":  "Sequential output shape: \t 1×10×5×5\nAdaptiveAvgPool2d output shape: \t 1×10×1×1\nFlatten output shape: \t 1×10\n",
	})
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
		chaptertest.SameState(t, test.ours, test.zoos, input)
		chaptertest.SameOutputs(t, test.ours, test.zoos, 1, input)
	}
}
