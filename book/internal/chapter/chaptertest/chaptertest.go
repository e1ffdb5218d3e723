// Package chaptertest checks a chapter in a test of its own package.
package chaptertest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strideml/stride/book/internal/chapter"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
)

// Check runs the short sections of a chapter, in whose folder the test runs, and
// compares code, printed values and figures with the texts. It returns what each
// section printed, so that a test can compare single values with those of others.
func Check(t *testing.T, c *chapter.Chapter) map[string]string {
	t.Helper()
	outputs, err := c.CheckShort(".")
	if outputs == nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("%v\nto write it into the texts: go run ./book/%s -update", err, c.Name)
	}
	return outputs
}

// Prints checks that sections have printed certain texts, by the names of the sections.
func Prints(t *testing.T, outputs, want map[string]string) {
	t.Helper()
	for section, text := range want {
		if !strings.Contains(outputs[section], text) {
			t.Errorf("%s: want %q in\n%s", section, text, outputs[section])
		}
	}
}

// SameState checks that a network has the parameters and buffers of another one: the same
// names and shapes, for inputs of a shape without the batch.
func SameState(t *testing.T, got, want nn.Layer, input tensor.Shape) {
	t.Helper()
	expected, err := nn.StateShapes(want, input)
	if err != nil {
		t.Fatal(err)
	}
	state, err := nn.StateShapes(got, input)
	if diff := cmp.Diff(expected, state); diff != "" || err != nil {
		t.Errorf("for %v: %v %s", input, err, diff)
	}
}

// SameOutputs checks that a network computes exactly what another one does, with the random
// weights of one seed, for so many random images of a shape.
func SameOutputs(t *testing.T, got, want nn.Layer, images int, input tensor.Shape) {
	t.Helper()
	x := tensor.Rand(tensor.Seed(2), append(tensor.Shape{images}, input...)...)
	var results []*tensor.Tensor
	for _, net := range []nn.Layer{got, want} {
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
		t.Errorf("for %v: output\n%v, want\n%v", input, results[0], results[1])
	}
}
