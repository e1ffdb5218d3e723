package onnx_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strideml/stride/data/preprocess"
	"github.com/strideml/stride/graph"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/onnx"
	"github.com/strideml/stride/tensor"
)

func small(t *testing.T, net nn.Layer) *nn.Model {
	t.Helper()
	m, err := nn.New(net, tensor.Shape{3, 8, 8}, nn.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func convNet() nn.Layer {
	return nn.Sequential(nn.Conv2D(40, 3), nn.BatchNorm(), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(4))
}

// A failing writer takes n bytes.
type failing struct{ n int }

var errFull = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.n {
		return 0, errFull
	}
	f.n -= len(p)
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	m := small(t, convNet())
	var b bytes.Buffer
	if err := onnx.Write(&b, m, onnx.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 50, b.Len() / 2} {
		if err := onnx.Write(&failing{n}, m, onnx.WriteOptions{}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// folder lists the files of a folder.
func folder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// The model's file refers to the other one by its name only, and what cannot be saved
// leaves no files.
func TestSaveExternal(t *testing.T) {
	m := small(t, convNet())
	dir := t.TempDir()
	path := filepath.Join(dir, "a.onnx")
	if err := onnx.Save(path, m, onnx.WriteOptions{ExternalData: true}); err != nil {
		t.Fatal(err)
	}
	if got := folder(t, dir); got != "a.onnx a.onnx.data" {
		t.Errorf("files %s", got)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte("a.onnx.data")) || bytes.Contains(b, []byte(filepath.Base(dir))) || len(b) > 4000 {
		t.Errorf("the file has %d bytes: %q", len(b), b)
	}

	gone := small(t, convNet())
	gone.Parameters()[0].Value.Release()
	if err := onnx.Save(filepath.Join(dir, "gone.onnx"), gone, onnx.WriteOptions{}); err == nil || !strings.Contains(err.Error(), "its value was released") {
		t.Errorf("weights that were released: got %v", err)
	}

	bad := filepath.Join(dir, "b.onnx")
	if err := os.Mkdir(bad, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := onnx.Save(bad, m, onnx.WriteOptions{ExternalData: true}); err == nil || !strings.Contains(err.Error(), bad) {
		t.Errorf("got %v", err)
	}
	bad = filepath.Join(dir, "c.onnx")
	if err := os.Mkdir(bad+".data", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := onnx.Save(bad, m, onnx.WriteOptions{ExternalData: true}); err == nil || !strings.Contains(err.Error(), bad+".data") {
		t.Errorf("got %v", err)
	}
	if got := folder(t, dir); got != "a.onnx a.onnx.data b.onnx c.onnx.data" {
		t.Errorf("files %s", got)
	}
}

func TestWriteRefuses(t *testing.T) {
	m := small(t, convNet())
	loss := small(t, nn.Func("Loss", func(x *graph.Node) *graph.Node {
		logits := graph.Mean(x, 2, 3)
		return graph.CrossEntropy(logits, graph.Mean(logits, 1))
	}))
	mixing := small(t, nn.Func("Mixing", func(x *graph.Node) *graph.Node {
		return graph.Mul(x, x.Graph().Scalar(float32(x.Shape()[0])))
	}))
	for _, test := range []struct {
		model   *nn.Model
		options onnx.WriteOptions
		want    string
	}{
		{m, onnx.WriteOptions{Opset: 12}, "opset 12: want 13 to 21"},
		{m, onnx.WriteOptions{Opset: 22}, "opset 22: want 13 to 21"},
		{m, onnx.WriteOptions{Batch: -1}, "batch size -1"},
		{m, onnx.WriteOptions{Input: "x", Output: "x"}, `both named "x"`},
		{m, onnx.WriteOptions{IncludePreprocessing: true}, "none is given"},
		{m, onnx.WriteOptions{Preprocessing: preprocess.Plain(tensor.Shape{3, 9, 8})}, "preprocessing makes inputs of 3×9×8, the network takes 3×8×8"},
		{loss, onnx.WriteOptions{}, "CrossEntropy: the operator has no form in ONNX"},
		{mixing, onnx.WriteOptions{}, "the values of a constant of shape scalar depend on the batch size"},
	} {
		if err := onnx.Write(&bytes.Buffer{}, test.model, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
	if err := onnx.Write(&bytes.Buffer{}, mixing, onnx.WriteOptions{Batch: 2}); err != nil {
		t.Error(err)
	}
}
