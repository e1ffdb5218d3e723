package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/strideml/stride/modelfile"
	"github.com/strideml/stride/nn"
	"github.com/strideml/stride/tensor"
	"github.com/strideml/stride/zoo"
)

// A run becomes an ONNX file, weights and a model folder; what exists is not overwritten
// without --force.
func TestConvert(t *testing.T) {
	t.Parallel()
	run, dir := finishedRun(t), t.TempDir()
	for _, to := range []string{"model.onnx", "model.safetensors", "folder"} {
		path := filepath.Join(dir, to)
		out := mustStride(t, "convert", run, path)
		if !strings.HasPrefix(out, path+": lenet, input 1×28×28, 10 classes") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: %q", to, out)
		}
		fails(t, failed, []string{"convert", run, path}, path, "--force")
		r := objects(t, mustStride(t, "convert", run, path, "--force", "--json"))[0]
		if r["network"] != "lenet" || r["to"] != path || r["bytes"].(float64) < 100_000 || r["tensors"] != 10. {
			t.Errorf("%s: %v", to, r)
		}
	}
	half := filepath.Join(dir, "half.safetensors")
	mustStride(t, "convert", run, half, "--dtype", "f16")
	if a, b := len(readFile(t, half)), len(readFile(t, filepath.Join(dir, "model.safetensors"))); a > b*6/10 {
		t.Errorf("f16 takes %d bytes, f32 %d", a, b)
	}
	evalOf(t, half)
	want := evalOf(t, run)
	for _, from := range []string{"model.safetensors", "folder"} {
		if got := evalOf(t, filepath.Join(dir, from)); got != want {
			t.Errorf("%s: %s, want %s", from, got, want)
		}
	}
}

// evalOf is the accuracy and loss of a model on some images.
func evalOf(t *testing.T, model string, more ...string) string {
	t.Helper()
	r := objects(t, mustStride(t, append([]string{"eval", model, "--data", fixture.data, "--limit", "100", "--report", "none", "--json"}, more...)...))[0]
	return strings.Join([]string{jsonText(t, r["accuracy"]), jsonText(t, r["loss"])}, " ")
}

// What would be lost is refused, and what does not fit.
func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	run, dir := copyRun(t), t.TempDir()
	onnxFile := filepath.Join(dir, "x.onnx")
	fails(t, failed, []string{"convert", run, run, "--force"}, "into itself")
	fails(t, failed, []string{"convert", run, dir + "/no/folder/x.onnx"}, "x.onnx")
	writeFile(t, onnxFile+".data", []byte("precious"))
	fails(t, failed, []string{"convert", run, onnxFile, "--external-data"}, onnxFile+".data", "--force")
	if _, err := os.Stat(onnxFile); err == nil {
		t.Error("a refused conversion has left a file")
	}
	mustStride(t, "convert", run, onnxFile, "--external-data", "--force")
	if len(readFile(t, onnxFile+".data")) < 100_000 {
		t.Error("the external data are missing")
	}
	fails(t, failed, []string{"convert", run, onnxFile + "/"}, onnxFile)
}

// Weights become safetensors without a network; with one they become a model.
func TestConvertTorchFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	checkpoint := filepath.Join("..", "..", "modelfolder", "testdata", "tiny.pth")
	to := filepath.Join(dir, "tiny.safetensors")
	if out := mustStride(t, "convert", checkpoint, to); !strings.HasPrefix(out, to+": ") || !strings.Contains(out, " tensors, ") {
		t.Errorf("got %s", out)
	}
	a, err := modelfile.Read(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	b, err := modelfile.Read(to)
	if err != nil || len(a.Entries) == 0 || len(a.Entries) != len(b.Entries) {
		t.Fatalf("%d tensors, %d, %v", len(a.Entries), len(b.Entries), err)
	}
	for i, e := range a.Entries {
		if b.Entries[i].Name != e.Name || !slices.Equal(b.Entries[i].Tensor.Data(), e.Tensor.Data()) {
			t.Errorf("%s is not %s", b.Entries[i].Name, e.Name)
		}
	}
	fails(t, failed, []string{"convert", checkpoint, filepath.Join(dir, "tiny.onnx")}, "tiny.pth does not say which network it is for", "--net")
	fails(t, failed, []string{"convert", checkpoint, filepath.Join(dir, "tiny.onnx"), "--net", "lenet"}, "tiny.pth")
	if out := mustStride(t, "convert", "--check", dir, checkpoint); strings.Count(out, " yes ") != 2 {
		t.Errorf("got %s", out)
	}
}

// Weights for another number of classes are taken without the last layer where --ignore-head
// says so.
func TestIgnoreHead(t *testing.T) {
	t.Parallel()
	spec, err := zoo.Get("lenet")
	if err != nil {
		t.Fatal(err)
	}
	model, err := nn.New(spec.New(5), tensor.Shape{1, 28, 28}, nn.Options{Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	five := filepath.Join(root, "five.safetensors")
	if err := modelfile.Save(model, five); err != nil {
		t.Fatal(err)
	}
	fails(t, failed, quick("--weights", five, "--out", filepath.Join(root, "a")), "5 classes")
	fails(t, misused, quick("--ignore-head", "--out", filepath.Join(root, "a")), "--ignore-head is for --weights")
	out := filepath.Join(root, "b")
	_, notes, status := stride(t, quick("--weights", five, "--ignore-head", "--lr", "1e-9", "--out", out)...)
	if status != done || !strings.Contains(notes, "is drawn at random; all other weights are those of "+five) {
		t.Fatalf("status %d: %s", status, notes)
	}
	got, err := modelfile.Read(filepath.Join(out, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i, e := range model.State() {
		if slices.Equal(e.Tensor.Data(), got.Entries[i].Tensor.Data()) {
			same++
		}
	}
	if same < 4 { // the learning rate changes hardly any
		t.Errorf("%d tensors are those of the file", same)
	}
}
