package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/strideml/stride/book/internal/chapter/chaptertest"
	"github.com/strideml/stride/tensor"
)

func TestChapter(t *testing.T) { chaptertest.Check(t, page) }

// The network that PyTorch has trained computes the same in Go.
func TestTorchFile(t *testing.T) {
	text, err := os.ReadFile("torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	model, err := loadTorch()
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(1, 1, 28, 28)
	for i := range x.Data() {
		x.Data()[i] = float32(float64(i*53%211) / 211)
	}
	got, err := model.Predict(nil, x)
	if err != nil {
		t.Fatal(err)
	}
	if expected := tensor.Must(tensor.FromSlice(want, 1, len(want))); !got.AllClose(expected, 1e-4, 1e-4) {
		t.Errorf("got\n%v, PyTorch has\n%v", got, expected)
	}
}
