package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/imagefile"
	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/modelfolder"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/zoo"
)

// A picture becomes one of the same size, and the program says its class.
func TestWhy(t *testing.T) {
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	net, err := nn.New(spec.New(2), spec.Input, nn.Options{Init: spec.Init})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	m := &modelfolder.Model{Spec: spec, Net: net, Classes: []string{"boot", "bag"}, Preprocessing: preprocess.Plain(spec.Input)}
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	boot, out := filepath.Join("..", "predict", "boot.png"), filepath.Join(t.TempDir(), "why.png")
	var printed bytes.Buffer
	if err := why(&printed, path, boot, out); err != nil {
		t.Fatal(err)
	}
	if s := printed.String(); !strings.Contains(s, `"boot" with `) && !strings.Contains(s, `"bag" with `) || !strings.Contains(s, `by layer "5"`) {
		t.Errorf("got %s", s)
	}
	before, err := imagefile.Open(boot, imagefile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	after, err := imagefile.Open(out, imagefile.Options{})
	if err != nil || after.Bounds().Size() != before.Bounds().Size() {
		t.Errorf("a picture of %v, want %v; %v", after.Bounds(), before.Bounds(), err)
	}
	if err := why(&printed, path, "main.go", out); err == nil || !strings.Contains(err.Error(), "main.go is not a PNG") {
		t.Errorf("got %v", err)
	}
}
