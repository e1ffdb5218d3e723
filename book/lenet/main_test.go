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
		"costs":  "61706 parameters",
		"shapes": "AvgPool2d output shape: \t 1×16×5×5\n",
		"count":  "together 61706\n",
	} {
		if !strings.Contains(outputs[section], want) {
			t.Errorf("%s: want %q in\n%s", section, want, outputs[section])
		}
	}
}

// The network of the text is that of package zoo: the same names, weights and values.
func TestNetwork(t *testing.T) {
	options := nn.Options{Seed: 1, Init: nn.XavierUniform()}
	ours, err := nn.New(lenet(), tensor.Shape{1, 28, 28}, options)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	zoos, err := nn.New(zoo.LeNet(10), tensor.Shape{1, 28, 28}, options)
	if err != nil {
		t.Fatal(err)
	}
	defer zoos.Close()
	if diff := cmp.Diff(names(zoos), names(ours)); diff != "" {
		t.Fatal(diff)
	}
	x := tensor.Rand(tensor.Seed(2), 3, 1, 28, 28)
	want, err := zoos.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ours.Predict(nil, x)
	if err != nil || !got.Equal(want) {
		t.Errorf("%v\n%v\nwant\n%v", err, got, want)
	}
}

func names(m *nn.Model) map[string]string {
	list := map[string]string{}
	for _, e := range m.State() {
		list[e.Name] = e.Tensor.Shape().String()
	}
	return list
}
