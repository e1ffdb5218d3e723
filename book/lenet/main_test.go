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
		"costs":  "61706 parameters",
		"shapes": "AvgPool2d output shape: \t 1×16×5×5\n",
		"count":  "together 61706\n",
	})
}

// The network of the text is that of package zoo: the same names, weights and values.
func TestNetwork(t *testing.T) {
	input := tensor.Shape{1, 28, 28}
	chaptertest.SameState(t, lenet(), zoo.LeNet(10), input)
	chaptertest.SameOutputs(t, lenet(), zoo.LeNet(10), 3, input)
}
