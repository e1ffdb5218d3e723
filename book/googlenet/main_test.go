package main

import (
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	chaptertest.Prints(t, outputs, map[string]string{ // of Dive into Deep Learning
		"stages": "together  5977530 parameters",
		"shapes": "Sequential output shape: \t 1×832×3×3\nSequential output shape: \t 1×1024\nLinear output shape: \t 1×10\n",
	})
}

// The network of the text is that of package zoo: the same names, weights and values.
func TestNetwork(t *testing.T) {
	chaptertest.SameState(t, googlenet(1), zoo.GoogLeNet(10, zoo.GoogLeNetConfig{}), tensor.Shape{1, 96, 96})
	chaptertest.SameOutputs(t, googlenet(8), zoo.GoogLeNet(10, zoo.GoogLeNetConfig{Ratio: 8}), 2, tensor.Shape{1, 32, 32})
}
