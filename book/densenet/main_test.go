package main

import (
	"strings"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

func TestChapter(t *testing.T) {
	outputs := chaptertest.Check(t, page)
	if want := "4×23×8×8\n4×10×4×4\n"; outputs["block"] != want { // as in Dive into Deep Learning
		t.Error(outputs["block"])
	}
	if !strings.Contains(outputs["layers"], "\n758226 parameters\n") {
		t.Error(outputs["layers"])
	}
	if strings.Count(outputs["keeps"], "true") != 3 {
		t.Error(outputs["keeps"])
	}
	if want := "7978856 parameters\n"; outputs["ex-121"] != want { // as torchvision's densenet121 has
		t.Error(outputs["ex-121"])
	}
}

// The network of the text is that of package zoo: the same names and shapes, and the
// same outputs.
func TestNetworkIsTheZoos(t *testing.T) {
	input := tensor.Shape{1, 32, 32}
	chaptertest.SameState(t, densenet(32), zoo.DenseNet(10, zoo.DenseNetConfig{}), input)
	chaptertest.SameOutputs(t, densenet(32), zoo.DenseNet(10, zoo.DenseNetConfig{}), 2, input)
}
