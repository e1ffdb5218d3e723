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
	// As in Dive into Deep Learning.
	if want := "4×3×6×6\n4×6×3×3\n"; outputs["shapes"] != want {
		t.Error(outputs["shapes"])
	}
	for _, want := range []string{"AdaptiveAvgPool2d output shape: \t 1×512×1×1\n", "11178378 parameters"} {
		if !strings.Contains(outputs["layers"], want) {
			t.Errorf("layers: %s, want %q", outputs["layers"], want)
		}
	}
}

// The network of the text is that of package zoo: the same names and shapes, and the
// same outputs.
func TestNetworkIsTheZoos(t *testing.T) {
	input := tensor.Shape{1, 32, 32}
	chaptertest.SameState(t, resnet18(), zoo.ResNet(10, zoo.ResNetConfig{}), input)
	chaptertest.SameOutputs(t, resnet18(), zoo.ResNet(10, zoo.ResNetConfig{}), 2, input)
}
