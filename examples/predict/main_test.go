package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data"
	"github.com/strideml/stride/data/fashionmnist"
	"github.com/strideml/stride/train"
	"github.com/strideml/stride/zoo"
)

// A LeNet with batch normalization knows a boot after two epochs of the sample's
// first 3,000 images.
func TestPredict(t *testing.T) {
	set, err := fashionmnist.Load(t.Context(), fashionmnist.Options{Dir: fashionmnist.SampleDir})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := zoo.Get("lenet-bn")
	if err != nil {
		t.Fatal(err)
	}
	model, err := spec.Model(0)
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(t.TempDir(), "clothes")
	if _, err := train.Fit(t.Context(), model, data.Limit(set.Train, 3000), nil, train.Config{
		Epochs: 2, BatchSize: 50, LearningRate: 0.5, Dir: run, Net: spec.Name,
	}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := predict(&out, run, "boot.png"); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) != 4 || !strings.HasPrefix(lines[0], "\"ankle boot\" ") {
		t.Errorf("got\n%s", out.String())
	}
	if err := predict(&out, run, "main.go"); err == nil || !strings.Contains(err.Error(), "main.go is not a PNG") {
		t.Errorf("got %v", err)
	}
}
